"""``commonground fsck``, ``gc`` and ``scrub``: the upkeep of a server, running or not."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from commonground import settings as configuration
from commonground.services import Services
from commonground.store.maintenance import Maintenance

FOUND_PROBLEMS = 1


def fsck(*, repair: bool = False, json: bool = False, data: Path | None = None) -> None:
    """Check that every ref, object, file and xorb is there and adds up. Exits with 1 when something is wrong.

    Parameters
    ----------
    repair
        Mend what can be derived again: indexes, references, flags.
    json
        Print one JSON document.
    data
        The data directory.

    """

    async def work(services: Services) -> dict[str, Any]:
        store = await Maintenance(services.store, services.settings).fsck(repair=repair)
        problems = [msgspec.to_builtins(problem) for problem in store.problems]
        repositories = 0
        async for repository in services.repositories.all():
            repositories += 1
            _tell(f"checked {repository.kind} {repository.full_name}")
            found = await services.revisions.fsck(repository)
            where = {"repository": repository.full_name, "repository_kind": repository.kind}
            problems += [msgspec.to_builtins(problem) | where for problem in found]
        counts = {"repositories": repositories, "xorbs": store.xorbs, "files": store.files, "chunks": store.chunks}
        return counts | {"problems": problems}

    report = _run(work, data)
    _show(report, json)
    if any(not problem.get("repaired") for problem in report["problems"]):
        sys.exit(FOUND_PROBLEMS)


def gc(*, dry_run: bool = False, json: bool = False, data: Path | None = None) -> None:
    """Remove git objects, files and xorbs that nothing refers to and no upload is waiting for.

    Parameters
    ----------
    dry_run
        Count only.
    json
        Print one JSON document.
    data
        The data directory.

    """

    async def work(services: Services) -> dict[str, Any]:
        objects = 0
        async for repository in services.repositories.all():
            collected = await services.revisions.gc(repository, dry_run=dry_run)
            objects += collected.unreachable if dry_run else collected.deleted
            _tell(f"collected {repository.kind} {repository.full_name}")
        store = await Maintenance(services.store, services.settings).gc(dry_run=dry_run)
        freed = {"files": store.files, "xorbs": store.xorbs, "stray_objects": store.objects, "bytes": store.bytes}
        return {"dry_run": dry_run, "git_objects": objects} | freed

    _show(_run(work, data), json)


def scrub(*, json: bool = False, data: Path | None = None) -> None:
    """Read all stored bytes and verify their hashes. Exits with 1 when a xorb is damaged.

    Parameters
    ----------
    json
        Print one JSON document.
    data
        The data directory.

    """

    async def work(services: Services) -> dict[str, Any]:
        report = await Maintenance(services.store, services.settings).scrub(
            lambda done, total: _tell(f"read {done:,} of {total:,} bytes")
        )
        counted: dict[str, Any] = msgspec.to_builtins(report)
        return counted

    report = _run(work, data)
    _show(report, json)
    if report["damaged"]:
        sys.exit(FOUND_PROBLEMS)


def _run(work: Callable[[Services], Awaitable[dict[str, Any]]], data: Path | None) -> dict[str, Any]:
    settings, _ = configuration.load({"data": data})

    async def open_and_work() -> dict[str, Any]:
        async with await Services.open(settings) as services:
            return await work(services)

    return asyncio.run(open_and_work())


def _tell(progress: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{progress}")
        sys.stderr.flush()


def _show(report: dict[str, Any], json: bool) -> None:
    _tell("")
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        return
    console = Console(highlight=False, markup=False)  # a path may look like markup
    for name, value in report.items():
        if not isinstance(value, list):
            console.print(f"{name.replace('_', ' '):14} {value:,}" if isinstance(value, int) else f"{name}: {value}")
            continue
        console.print(f"{name.replace('_', ' '):14} {len(value) or 'none'}", style="red" if value else "green")
        for item in value:
            console.print(f"  {item}", style="red")
