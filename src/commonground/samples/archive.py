"""Take the listed files, and no others, out of a wheel."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from commonground.samples.model import Member
from commonground.samples.paths import is_safe
from commonground.samples.transforms import TRANSFORMS

MAX_UNPACKED = 4 * 1024**3
MAX_TRANSFORMED = 64 * 1024**2
MAX_MEMBERS = 10_000
BLOCK = 1024 * 1024


class ArchiveError(ValueError):
    """The archive lacks a listed file, or holds one that is not taken: unsafe name, link, too large."""


def extract(archive: Path, members: Sequence[Member], folder: Path) -> list[str]:
    """Write the members below `folder` and return their paths there, sorted.

    The names of a member are checked before its first byte is written. Raises `ArchiveError`, and `OSError` where the
    disk refuses.
    """
    try:
        with zipfile.ZipFile(archive) as wheel:
            written = [path for member in members for path in _place(wheel, member, folder)]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise ArchiveError(f"{archive.name} is no readable wheel: {error}") from error
    return sorted(written)


def _place(wheel: zipfile.ZipFile, member: Member, folder: Path) -> Iterator[str]:
    entries = _matching(wheel, member)
    targets = {name: _target(member, name) for name in entries}
    if member.transform is not None:
        _transform(wheel, entries, member, folder)
        yield member.target
        return
    for name, target in targets.items():
        path = _new_file(folder, target)
        with wheel.open(entries[name]) as source, path.open("wb") as sink:
            _copy(source, sink, entries[name].file_size)
        yield target


def _matching(wheel: zipfile.ZipFile, member: Member) -> Mapping[str, zipfile.ZipInfo]:
    infos = wheel.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError("the package holds too many files")
    found = {info.filename: info for info in infos if not info.is_dir() and _is_listed(member, info.filename)}
    if not found:
        raise ArchiveError(f"the package holds no {member.source}")
    for info in found.values():
        _refuse_unsafe(info)
    limit = MAX_UNPACKED if member.transform is None else MAX_TRANSFORMED
    if sum(info.file_size for info in found.values()) > limit:
        raise ArchiveError("the files are larger than expected")
    return found


def _is_listed(member: Member, name: str) -> bool:
    return fnmatchcase(name, member.source) and not any(fnmatchcase(name, pattern) for pattern in member.exclude)


def _refuse_unsafe(info: zipfile.ZipInfo) -> None:
    if not is_safe(info.filename) or stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveError(f"the package holds an unsafe path: {info.filename!r}")


def _target(member: Member, name: str) -> str:
    if "*" not in member.source or member.transform is not None:
        return member.target
    fixed = member.source.partition("*")[0].rpartition("/")[0]
    below = name.removeprefix(f"{fixed}/") if fixed else name
    return f"{member.target}/{below}" if member.target else below


def _transform(wheel: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], member: Member, folder: Path) -> None:
    transform = TRANSFORMS[member.transform or ""]
    try:
        content = transform({name: wheel.read(info) for name, info in entries.items()})
    except (ValueError, LookupError, EOFError, OSError, zlib.error) as error:
        raise ArchiveError(f"{member.source} does not have the expected form: {error}") from error
    _new_file(folder, member.target).write_bytes(content)


def _new_file(folder: Path, target: str) -> Path:
    path = folder / target
    if not is_safe(target) or path.exists():
        raise ArchiveError(f"two files, or an unsafe one, for {target!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _copy(source: IO[bytes], sink: IO[bytes], expected: int) -> None:
    copied = 0
    for block in _blocks(source):
        copied += len(block)
        if copied > expected:
            raise ArchiveError("a file is larger than the package says")
        sink.write(block)


def _blocks(source: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: source.read(BLOCK), b"")
