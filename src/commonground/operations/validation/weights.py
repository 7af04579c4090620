"""Weight files: that the header is sound and, in safetensors, that the data behind it is described without gaps."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from commonground.hub.weights.inspection import inspect
from commonground.hub.weights.model import Format
from commonground.operations.validation.model import Problem, Report


def check(path: Path, format_: Format) -> Report:
    """The report on a local file; its data is not read."""
    size = path.stat().st_size
    with path.open("rb") as file:

        async def read(start: int, end: int) -> bytes:
            file.seek(start)
            return file.read(end - start)

        found = asyncio.run(inspect(format_, size, read))
        if found.error:
            return Report(kind=format_, problems=(Problem("", found.error),))
        problems = tuple(_gaps(file, size)) if format_ == "safetensors" else ()
    return Report(kind=format_, problems=problems)


def _gaps(file: BinaryIO, size: int) -> Iterator[Problem]:
    """Where the data of one tensor does not begin where that of another ended. The header was found to be sound."""
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    header: dict[str, Any] = msgspec.json.decode(file.read(length))
    places = [(tuple(tensor["data_offsets"]), name) for name, tensor in header.items() if name != "__metadata__"]
    end = 0
    for (start, stop), name in sorted(places):
        if start != end:
            yield Problem(name, f"its data begins at {start}, not at {end} where the data before it ends")
        end = stop
    if end != size - 8 - length:
        yield Problem("", f"{size - 8 - length - end} bytes at the end belong to no tensor")
