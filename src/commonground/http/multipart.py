"""Forms with files (``multipart/form-data``, RFC 7578), read as a stream: no file is held in memory or on disk."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from commonground.errors import BadRequest, PayloadTooLarge
from commonground.http.bodies import stream_body

FIELD_LIMIT = 65_536
"""Longest value of a field that is no file, in bytes."""
PARTS_LIMIT = 1_000


class FormPart(msgspec.Struct, frozen=True):
    """A field: ``filename`` is ``None`` where it is no file. Its ``content`` has to be read before the next part."""

    name: str
    filename: str | None
    content: AsyncIterator[bytes]

    async def text(self) -> str:
        """The value of a plain field; :class:`PayloadTooLarge`, :class:`BadRequest` where it is no text."""
        value = bytearray()
        async for piece in self.content:
            value += piece
            if len(value) > FIELD_LIMIT:
                raise PayloadTooLarge(limit=FIELD_LIMIT)
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise BadRequest(reason="a field of the form is not UTF-8") from None


async def read_parts(request: Request, limit: int) -> AsyncIterator[FormPart]:
    """The parts of the form, in order. What is left of one is skipped.

    :class:`PayloadTooLarge` above ``limit`` bytes, :class:`BadRequest` for what is no such form.
    """
    events = _Events(request, limit)
    while (event := await events.next()) is not None:
        if isinstance(event, FormPart):
            yield event


class _Events:
    """What the parser calls back with, in turn: a :class:`FormPart`, its bytes, ``b""`` at its end; at last ``None``."""

    def __init__(self, request: Request, limit: int) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BadRequest(reason="the body is no form with files")
        self._body = stream_body(request, limit)
        self._queue: deque[FormPart | bytes] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value, self._parts, self._complete = bytearray(), bytearray(), 0, False
        self._parser = MultipartParser(options[b"boundary"], self._callbacks())

    async def next(self) -> FormPart | bytes | None:
        """The next event; ``None`` once the form has ended."""
        while not self._queue:
            piece = await anext(self._body, None)
            if piece is None and self._complete:
                return None
            if piece is None:
                raise BadRequest(reason="the form is not complete")
            try:
                self._parser.write(piece)
            except FormParserError as error:
                raise BadRequest(reason=f"the form cannot be read: {error}") from None
        return self._queue.popleft()

    async def _content(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self.next(), bytes) and event:
            yield event

    def _callbacks(self) -> Any:
        def extend(into: bytearray) -> Callable[[bytes, int, int], None]:
            return lambda data, start, end: into.extend(data[start:end])

        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": extend(self._field),
            "on_header_value": extend(self._value),
            "on_header_end": self._header,
            "on_headers_finished": self._begin,
            "on_part_data": lambda data, start, end: self._queue.append(data[start:end]),
            "on_part_end": lambda: self._queue.append(b""),
            "on_end": self._finish,
        }

    def _header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS_LIMIT:
            raise BadRequest(reason=f"the form has more than {PARTS_LIMIT} parts")
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name, filename = options.get(b"name", b""), options.get(b"filename")
        self._queue.append(FormPart(_text(name), None if filename is None else _text(filename), self._content()))

    def _finish(self) -> None:
        self._complete = True


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise BadRequest(reason="a name in the form is not UTF-8") from None
