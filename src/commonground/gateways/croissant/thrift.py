"""Thrift's compact protocol, as much of it as the footer of a parquet file needs."""

from typing import Any

DEPTH = 32
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = {4, 5, 6}


class Malformed(ValueError):
    """The bytes are not what the protocol allows."""


class Reader:
    """Reads structures as ``{field id: value}``; binary values stay bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self, last: int = 2**15, depth: int = 0) -> dict[int, Any]:
        """The next structure, up to the field ``last``: what is behind it is left unread."""
        if depth > DEPTH:
            raise Malformed("nested too deep")
        found: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            delta, kind = header >> 4, header & 15
            number = number + delta if delta else self._integer()
            if number > last:
                break
            found[number] = kind == TRUE if kind in {TRUE, FALSE} else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == BINARY:
            return self._take(self._varint())
        if kind in {TRUE, FALSE, BYTE}:  # inside a list a truth value is a byte
            return self._byte()
        if kind == DOUBLE:
            return self._take(8)
        if kind == STRUCT:
            return self.struct(depth=depth + 1)
        if kind in {LIST, SET}:
            return self._list(depth + 1)
        if kind == MAP:
            return self._map(depth + 1)
        raise Malformed(f"there is no type {kind}")

    def _list(self, depth: int) -> list[Any]:
        header = self._byte()
        count = header >> 4 if header >> 4 != 15 else self._varint()
        self._bounded(count)
        return [self._value(header & 15, depth) for _ in range(count)]

    def _map(self, depth: int) -> list[tuple[Any, Any]]:
        count = self._varint()
        self._bounded(count)
        kinds = self._byte() if count else 0
        return [(self._value(kinds >> 4, depth), self._value(kinds & 15, depth)) for _ in range(count)]

    def _bounded(self, count: int) -> None:
        """Every element takes a byte at least."""
        if count > len(self._data) - self._at:
            raise Malformed("a list is longer than the data")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise Malformed("a number is too long")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise Malformed("the data ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken
