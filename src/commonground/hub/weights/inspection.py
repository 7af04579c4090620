"""Reads the header of a weight file through a function that returns byte ranges."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import msgspec

from commonground.errors import CommongroundError
from commonground.hub.weights import gguf, onnx, safetensors
from commonground.hub.weights.model import Collector, Format, InvalidWeights, Parser, WeightsInfo

ReadRange: TypeAlias = Callable[[int, int], Awaitable[bytes]]

FORMATS: dict[str, Format] = {".safetensors": "safetensors", ".gguf": "gguf", ".onnx": "onnx"}
INDEX_LIMIT = 32 * 2**20
MAX_SHARDS = 2_000

_PARSERS: dict[Format, Callable[[int], Parser]] = {
    "safetensors": safetensors.parse,
    "gguf": gguf.parse,
    "onnx": onnx.parse,
}


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def format_of(path: str) -> Format | None:
    """The format of a weight file, by its ending."""
    return next((known for ending, known in FORMATS.items() if path.endswith(ending)), None)


async def inspect(format_: Format, size: int, read_range: ReadRange) -> WeightsInfo:
    """What the file's header says. A damaged or hostile file is told in ``error``; nothing is raised for it."""
    parser = _PARSERS[format_](size)
    try:
        wanted = next(parser)
        while True:
            data = await read_range(*wanted)
            wanted = await asyncio.to_thread(_send, parser, data)
    except _Done as done:
        return done.info
    except InvalidWeights as error:
        return WeightsInfo(format=format_, error=str(error))
    except CommongroundError as error:
        return WeightsInfo(format=format_, error=f"the content cannot be read: {error}")


class _Done(Exception):  # StopIteration cannot leave a thread through a future
    def __init__(self, info: WeightsInfo) -> None:
        super().__init__()
        self.info = info


def _send(parser: Parser, data: bytes) -> tuple[int, int]:
    try:
        return parser.send(data)
    except StopIteration as stop:
        raise _Done(stop.value) from None


def shards_of(index: bytes) -> tuple[str, ...]:
    """File names a ``*.safetensors.index.json`` spreads its tensors over, sorted. Raises :class:`InvalidWeights`."""
    if len(index) > INDEX_LIMIT:
        raise InvalidWeights(f"the index is larger than {INDEX_LIMIT} bytes")
    try:
        names = sorted(set(msgspec.json.decode(index, type=_Index).weight_map.values()))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidWeights(f"the index is not what the format asks for: {error}") from None
    if len(names) > MAX_SHARDS:
        raise InvalidWeights(f"the index names more than {MAX_SHARDS} files")
    return tuple(names)


def combine(parts: Sequence[WeightsInfo]) -> WeightsInfo:
    """One description of all shards; the first error is the error of the whole."""
    failed = next((part for part in parts if part.error), None)
    if failed is not None or not parts:
        return failed or WeightsInfo(format="safetensors", error="there are no shards")
    collector = Collector(parts[0].format)
    totals: dict[str, int] = {}
    for part in parts:
        for dtype, count in part.parameters.items():
            totals[dtype] = totals.get(dtype, 0) + count
        for tensor in part.tensors:
            collector.add(tensor.name, tensor.dtype, tensor.shape, 0)
    whole = collector.result(dict(parts[0].metadata))
    return msgspec.structs.replace(
        whole, parameters=totals, total=sum(totals.values()), tensor_count=sum(part.tensor_count for part in parts)
    )
