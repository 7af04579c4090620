"""The XML of S3: written from plain pairs, read without anything that reaches outside the document."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias
from xml.parsers import expat

import msgspec
from starlette.responses import Response

from commonground.gateways.s3.errors import escaped, malformed

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
MEDIA_TYPE = "application/xml"
DEPTH_LIMIT = 8
ELEMENT_LIMIT = 60_000
TEXT_BUFFER = 2**16
"""Characters of one text that are handed over at a time."""

Content: TypeAlias = "str | int | bool | Sequence[tuple[str, Content]]"


class Element(msgspec.Struct):
    """One element of a request: its name without namespace, its own text, its children."""

    name: str
    text: str = ""
    children: list["Element"] = []

    def find(self, name: str) -> str:
        """The text of the first child of this name, empty without one."""
        return next((child.text for child in self.children if child.name == name), "")

    def all(self, name: str) -> list["Element"]:
        """The children of this name, in order."""
        return [child for child in self.children if child.name == name]


def render(name: str, content: Content) -> bytes:
    """A document. What XML cannot say (control characters) becomes ``?``."""
    parts = [f'<{name} xmlns="{NAMESPACE}">']
    _write(parts, content)
    parts.append(f"</{name}>")
    return DECLARATION + "".join(parts).encode("utf-8", "replace")


def answer(name: str, content: Content, status: int = 200) -> Response:
    """A document as a response."""
    return Response(render(name, content), status, media_type=MEDIA_TYPE)


def _write(parts: list[str], content: Content) -> None:
    if isinstance(content, bool):
        parts.append("true" if content else "false")
    elif isinstance(content, (str, int)):
        parts.append(escaped(str(content)))
    else:
        _write_children(parts, content)


def _write_children(parts: list[str], children: Iterable[tuple[str, Content]]) -> None:
    for name, content in children:
        parts.append(f"<{name}>")
        _write(parts, content)
        parts.append(f"</{name}>")


def parse(data: bytes) -> Element:
    """The root of a document. ``MalformedXML`` for what is none, for a document type (no entity is ever expanded), and
    above the limits of depth and number.
    """
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text, parser.buffer_size = True, TEXT_BUFFER
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = builder.data, builder.refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise malformed(f"the XML cannot be read: {error}") from None
    return builder.root.children[0]


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._count = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > DEPTH_LIMIT or self._count > ELEMENT_LIMIT:
            raise malformed("the XML has too many elements")
        element = Element(name.rpartition(":")[2], "", [])
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].text += text

    def refuse(self, *_: object) -> None:
        raise malformed("the XML has a document type")
