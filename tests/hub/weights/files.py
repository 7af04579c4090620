"""Weight files written by hand, byte by byte, from the formats' descriptions."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_NUMPY = {"float32": "F32", "float16": "F16", "int64": "I64", "uint8": "U8"}


def safetensors(arrays: Mapping[str, "np.ndarray[Any, Any]"], metadata: Mapping[str, str] | None = None) -> bytes:
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    data = b""
    for name, array in arrays.items():
        start, data = len(data), data + array.tobytes()
        header[name] = {
            "dtype": _NUMPY[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [start, len(data)],
        }
    return raw_safetensors(header, data)


def raw_safetensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf_value(value: Any) -> bytes:
    """Type and value of a metadata entry."""
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if value and isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
    return struct.pack("<IIQ", 9, 6, len(value)) + struct.pack(f"<{len(value)}f", *value)


def gguf(metadata: Mapping[str, Any], tensors: Sequence[tuple[str, Sequence[int], int]], data: bytes = b"") -> bytes:
    """``tensors``: name, shape (innermost first, as in the file), type number."""
    body = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))
    for name, value in metadata.items():
        body += _text(name) + gguf_value(value)
    for name, shape, kind in tensors:
        body += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, 0)
    return body + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx_tensor(name: str, dims: Sequence[int], kind: int, raw: bytes, *, packed: bool = False) -> bytes:
    shape = field(1, b"".join(map(varint, dims))) if packed else b"".join(field(1, length) for length in dims)
    return shape + field(2, kind) + field(8, name) + field(9, raw)


def onnx(initializers: Sequence[bytes], nodes: int = 3) -> bytes:
    node = field(1, field(1, "x") + field(4, "Relu"))
    graph = node * nodes + field(2, "main") + b"".join(field(5, tensor) for tensor in initializers)
    opset = field(8, field(1, "") + field(2, 17))
    return field(1, 9) + field(2, "by hand") + field(7, graph) + opset
