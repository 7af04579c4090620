"""safetensors: an 8-byte length, a JSON header, the data."""

from typing import Annotated, Any

import msgspec

from commonground.hub.weights.model import Collector, InvalidWeights, Parser, WeightsInfo, elements_of

FORMAT_LIMIT = 100_000_000  # the format's own bound
HEADER_LIMIT = 32 * 2**20  # what is analysed here: a million tensors
FIRST_READ = 100_000
METADATA_LIMIT = 65_536

_BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "F64": 64, "I64": 64, "U64": 64, "C64": 64,
}  # fmt: skip

_Length = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class _Header(msgspec.Struct):
    dtype: str
    shape: tuple[_Length, ...]
    data_offsets: tuple[_Length, _Length]


_decode_header = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_tensor = msgspec.json.Decoder(_Header).decode
_decode_metadata = msgspec.json.Decoder(dict[str, str]).decode


def parse(size: int) -> Parser:
    """Parses a file of ``size`` bytes. Raises :class:`InvalidWeights`."""
    start = yield 0, min(size, FIRST_READ)
    length = int.from_bytes(start[:8], "little") if len(start) >= 8 else 0
    if not 2 <= length <= FORMAT_LIMIT or 8 + length > size:
        raise InvalidWeights(f"the header length {length} does not fit the file")
    if length > HEADER_LIMIT:
        raise InvalidWeights(f"the header is larger than the {HEADER_LIMIT} bytes that are read")
    header = start[8 : 8 + length] if 8 + length <= len(start) else (yield 8, 8 + length)
    return parse_header(header, size - 8 - length)


def parse_header(header: bytes, data_size: int) -> WeightsInfo:
    """The tensors of a header in front of ``data_size`` bytes of data."""
    try:
        entries = _decode_header(header)
        metadata = entries.pop("__metadata__", None)
        collector = Collector("safetensors")
        for name, raw in entries.items():
            _add(collector, name, _decode_tensor(raw), data_size)
        return collector.result(_metadata(metadata))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidWeights(f"the header is not what the format asks for: {error}") from None


def _add(collector: Collector, name: str, tensor: _Header, data_size: int) -> None:
    if tensor.dtype not in _BITS:
        raise InvalidWeights(f"tensor {name[:200]} has the unknown type {tensor.dtype[:40]}")
    elements = elements_of(tensor.shape)
    start, end = tensor.data_offsets
    if not start <= end <= data_size or (end - start) * 8 != (elements * _BITS[tensor.dtype] + 7) // 8 * 8:
        raise InvalidWeights(f"the offsets of tensor {name[:200]} do not fit its shape or the file")
    collector.add(name, tensor.dtype, tensor.shape, elements)


def _metadata(raw: msgspec.Raw | None) -> dict[str, Any]:
    return dict(_decode_metadata(raw)) if raw is not None and len(memoryview(raw)) <= METADATA_LIMIT else {}
