"""``commonground doctor``: does this machine have what a server needs."""

import asyncio
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from commonground import settings as configuration
from commonground.cli.output import clean, size_text
from commonground.compute.launchers import catalogue
from commonground.compute.launchers.catalogue import ENGINES
from commonground.database import migrations
from commonground.errors import CommongroundError, NotReady
from commonground.settings import Settings
from commonground.store.backends import open_backend

OLDEST = (3, 11)
LOW_SPACE = 2**30
EXTRAS = {
    "fsspec": "hub:// in pandas, pyarrow and DuckDB",
    "huggingface_hub": "the Hugging Face client",
}
PROGRAMS = {"git": "clone and push", "git-lfs": "large files through git"}


class Finding(msgspec.Struct, frozen=True):
    """One check: ``failed`` stops a server, ``missing`` takes away a convenience."""

    check: str
    state: Literal["ok", "missing", "failed"]
    text: str


def doctor(*, data: Path | None = None, json: bool = False) -> None:
    """Check Python, optional packages, the data directory, the database and the store; one line each.

    Exits with 1 if a server could not run.

    Parameters
    ----------
    data
        Directory of everything the server keeps.
    json
        Print one JSON document.

    """
    settings, _ = configuration.load({"data": data})
    found = list(examine(settings))
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        for finding in found:
            print(f"{finding.state:<8} {finding.check}: {clean(finding.text)}")
    if any(finding.state == "failed" for finding in found):
        sys.exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """All checks for a server with these settings."""
    yield _python()
    yield from (_extra(name, use) for name, use in EXTRAS.items())
    yield from (_program(name, use) for name, use in PROGRAMS.items())
    yield from (_engine(name, settings) for name in settings.run_engines if name in ENGINES)
    yield from (
        _guarded(check, look, settings)
        for check, look in (("data directory", _data), ("disk", _disk), ("database", _database), ("store", _store))
    )


def _guarded(check: str, look: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(check, "ok", look(settings))
    except (CommongroundError, OSError) as error:
        return Finding(check, "failed", str(error))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST:
        return Finding("python", "ok", version)
    return Finding("python", "failed", f"{version}; {'.'.join(map(str, OLDEST))} or later is needed")


def _extra(name: str, use: str) -> Finding:
    known = importlib.util.find_spec(name) is not None
    return Finding(name, "ok", use) if known else Finding(name, "missing", f"for {use}: pip install {name}")


def _program(name: str, use: str) -> Finding:
    path = shutil.which(name)
    return Finding(name, "ok", path) if path else Finding(name, "missing", f"for {use}")


def _engine(name: str, settings: Settings) -> Finding:
    lacking = catalogue.lacking(name, settings)
    if lacking:
        return Finding(f"engine {name}", "missing", f"for runs on it: {', '.join(lacking)}")
    return Finding(f"engine {name}", "ok", "runs can be placed on it")


def _data(settings: Settings) -> str:
    folder = settings.data.absolute()
    if not folder.exists():
        _writable(next(parent for parent in folder.parents if parent.exists()))
        return f"{folder} will be made at the first start"
    _writable(folder)
    return str(folder)


def _writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written to")


def _disk(settings: Settings) -> str:
    folder = settings.data.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < LOW_SPACE:
        raise NotReady(reason=f"only {size_text(free)} of disk space are free")
    return f"{size_text(free)} free"


def _database(settings: Settings) -> str:
    revision = migrations.current(settings.database_address)
    kind = "SQLite" if settings.database_address.startswith("sqlite") else "PostgreSQL"
    if revision is None:
        return f"{kind}, empty; the schema will be made at the first start"
    text = "" if revision == migrations.HEAD else f"; it will be brought to {migrations.HEAD} at the next start"
    return f"{kind}, schema {revision}{text}"


def _store(settings: Settings) -> str:
    async def ask() -> None:
        backend = open_backend(settings)
        try:
            await backend.size("doctor")
        finally:
            await backend.close()

    if settings.storage_url or settings.data.exists():
        asyncio.run(ask())
    return settings.storage_address.partition("?")[0]
