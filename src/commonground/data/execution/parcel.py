"""What tasks hand to each other through an engine: bytes for a partition of a channel. Rows stay in files."""

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

METRICS = "metrics"
FILES = "files"
KEYS = "keys"
REDUCED = "reduced"


class Parcel(NamedTuple):
    """``content`` of ``channel``, for whoever takes care of ``partition``."""

    channel: str
    partition: int
    content: bytes


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """Where in a file a parcel lies."""

    channel: str
    partition: int
    start: int
    size: int


def write(parcels: Iterable[Parcel], path: Path) -> None:
    """All parcels into one file, which appears when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    being_written = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with being_written.open("wb") as file:
            _write_all(parcels, file)
        being_written.replace(path)
    finally:
        being_written.unlink(missing_ok=True)


def _write_all(parcels: Iterable[Parcel], file: IO[bytes]) -> None:
    entries, position = list[Entry](), 0
    for parcel in parcels:
        file.write(parcel.content)
        entries.append(Entry(parcel.channel, parcel.partition, position, len(parcel.content)))
        position += len(parcel.content)
    index = msgspec.msgpack.encode(entries)
    file.write(index)
    file.write(len(index).to_bytes(8, "little"))


def entries(path: Path) -> list[Entry]:
    """What a file holds."""
    with path.open("rb") as file:
        end = file.seek(-8, 2)
        size = int.from_bytes(file.read(8), "little")
        file.seek(end - size)
        return msgspec.msgpack.decode(file.read(size), type=list[Entry])


def contents(path: Path, channel: str, partition: int | None = None) -> Iterator[bytes]:
    """The contents of a channel, of one partition or of all."""
    with path.open("rb") as file:
        for entry in entries(path):
            if entry.channel == channel and partition in (None, entry.partition):
                file.seek(entry.start)
                yield file.read(entry.size)


def parcels(path: Path) -> Iterator[Parcel]:
    """Everything a file holds."""
    with path.open("rb") as file:
        for entry in entries(path):
            file.seek(entry.start)
            yield Parcel(entry.channel, entry.partition, file.read(entry.size))
