"""ONNX: the initializers of the graph, found by walking the protobuf fields and skipping the data in them."""

from collections.abc import Generator
from typing import Any

from commonground.hub.weights.cursor import Cursor
from commonground.hub.weights.model import Collector, InvalidWeights, Parser, elements_of

BUDGET = 256 * 2**20
MAX_FIELDS = 3_000_000
MAX_TEXT = 4096

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_PRODUCER, _MODEL_VERSION = 7, 8, 2, 1
_GRAPH_INITIALIZER = 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME = 1, 2, 8
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
    17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4",
    23: "float4e2m1", 24: "float8e8m0",
}  # fmt: skip

Steps = Generator[tuple[int, int], bytes, Any]


def parse(size: int) -> Parser:
    """Parses a file of ``size`` bytes. Raises :class:`InvalidWeights`."""
    return (yield from _Walk(size).model())


class _Walk:
    def __init__(self, size: int) -> None:
        self._size = size
        self._cursor = Cursor(size, BUDGET)
        self._collector = Collector("onnx")
        self._metadata: dict[str, Any] = {}
        self._fields = 0
        self._graphs = 0

    def model(self) -> Parser:
        while self._cursor.position < self._size:
            number, wire, value = yield from self._field(self._size)
            if (number, wire) == (_MODEL_GRAPH, _BYTES):
                self._graphs += 1
                yield from self._graph(value)
            elif (number, wire) == (_MODEL_PRODUCER, _BYTES):
                self._metadata["producer_name"] = yield from self._text(value)
            elif (number, wire) == (_MODEL_OPSET, _BYTES):
                yield from self._opset(value)
            elif (number, wire) == (_MODEL_VERSION, _VARINT):
                self._metadata["ir_version"] = value
            elif wire == _BYTES:
                self._to(value)
        if self._graphs != 1 or "ir_version" not in self._metadata:
            raise InvalidWeights("this is not an ONNX model")
        return self._collector.result(self._metadata)

    def _graph(self, end: int) -> Steps:
        while self._cursor.position < end:
            number, wire, value = yield from self._field(end)
            if (number, wire) == (_GRAPH_INITIALIZER, _BYTES):
                yield from self._tensor(value)
            elif wire == _BYTES:
                self._to(value)

    def _tensor(self, end: int) -> Steps:
        dims: list[int] = []
        kind, name = 0, ""
        while self._cursor.position < end:
            number, wire, value = yield from self._field(end)
            if number == _TENSOR_DIMS and wire == _VARINT:
                dims.append(value)
            elif number == _TENSOR_DIMS and wire == _BYTES:
                while self._cursor.position < value:
                    dims.append((yield from self._varint()))
                    _check_dims(dims)
            elif (number, wire) == (_TENSOR_TYPE, _VARINT):
                kind = value
            elif (number, wire) == (_TENSOR_NAME, _BYTES):
                name = yield from self._text(value)
            elif wire == _BYTES:
                self._to(value)
            _check_dims(dims)
        shape = tuple(dims)
        self._collector.add(name, _TYPES.get(kind, f"type{kind}"), shape, elements_of(shape))

    def _opset(self, end: int) -> Steps:
        domain, version = "", 0
        while self._cursor.position < end:
            number, wire, value = yield from self._field(end)
            if (number, wire) == (_OPSET_DOMAIN, _BYTES):
                domain = yield from self._text(value)
            elif (number, wire) == (_OPSET_VERSION, _VARINT):
                version = value
            elif wire == _BYTES:
                self._to(value)
        opsets = self._metadata.setdefault("opset_import", {})
        if len(opsets) < 32:
            opsets[domain or "ai.onnx"] = version

    def _field(self, end: int) -> Steps:
        """Number, wire type and value of the next field; for bytes the position where they end, for others skipped."""
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise InvalidWeights(f"the model has more than {MAX_FIELDS} fields")
        tag = yield from self._varint()
        number, wire = tag >> 3, tag & 7
        value = 0
        if wire == _VARINT:
            value = yield from self._varint()
        elif wire == _BYTES:
            length = yield from self._varint()
            value = self._cursor.position + length
        elif wire in {_FIXED64, _FIXED32}:
            self._cursor.skip(8 if wire == _FIXED64 else 4)
        else:
            raise InvalidWeights("this is not a protobuf file")
        if max(value if wire == _BYTES else 0, self._cursor.position) > end:
            raise InvalidWeights("a field is longer than what it is in")
        return number, wire, value

    def _varint(self) -> Steps:
        cursor = self._cursor
        value = shift = 0
        while shift < 70:
            if not cursor.has(1):
                yield from cursor.fill(1)
            byte = cursor.window[cursor.at]
            cursor.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise InvalidWeights("this is not a protobuf file")

    def _text(self, end: int) -> Steps:
        length = end - self._cursor.position
        if length > MAX_TEXT:
            self._to(end)
            return ""
        yield from self._cursor.fill(length)
        return self._cursor.take(length).decode("utf-8", "replace")

    def _to(self, position: int) -> None:
        self._cursor.skip(position - self._cursor.position)


def _check_dims(dims: list[int]) -> None:
    if len(dims) > 64:
        raise InvalidWeights("a tensor has more than 64 dimensions")
