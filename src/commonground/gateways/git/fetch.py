"""What a client asks for when it fetches: the request of protocol versions 0, 1 and 2."""

import re
from collections.abc import Iterable

import msgspec

from commonground.errors import BadRequest
from commonground.gateways.git.pktline import Marker, Reader

LINE_LIMIT = 500_000

_ID = re.compile(rb"[0-9a-f]{40}\Z")


class FetchRequest(msgspec.Struct):
    """A fetch. Ids are raw; ``depth`` 0 means the whole history, ``since`` is in seconds."""

    wants: list[bytes] = []
    haves: list[bytes] = []
    shallow: set[bytes] = set()
    depth: int = 0
    relative: bool = False
    since: int = 0
    exclude: list[str] = []
    done: bool = False
    asks: bool = False  # versions 0 and 1: wants to know now what is common
    features: set[str] = set()

    @property
    def deepens(self) -> bool:
        """Whether the client asks for another depth than it has."""
        return bool(self.depth or self.since or self.exclude)


def read_v0(reader: Reader) -> FetchRequest:
    """The request of protocol versions 0 and 1: wants and depth, a flush, then haves up to ``done`` or the end."""
    request = FetchRequest()
    for count, line in enumerate(reader.section()):
        if count == 0:
            first, _, features = line.rstrip().partition(b" ")[2].partition(b" ")
            line = b"want " + first
            request.features = set(features.decode("utf-8", "replace").split())
        _take(request, line, count)
    while (packet := reader.read()) is not None:
        if isinstance(packet, Marker):
            request.asks = True
        else:
            _take(request, packet.removesuffix(b"\n"), len(request.haves))
    request.relative = "deepen-relative" in request.features
    return request


def read_v2(arguments: Iterable[bytes]) -> FetchRequest:
    """The arguments of the ``fetch`` command of protocol version 2."""
    request = FetchRequest()
    for count, line in enumerate(arguments):
        if b" " in line or line == b"done":
            _take(request, line, count)
        else:
            request.features.add(line.decode("utf-8", "replace"))
    request.relative = "deepen-relative" in request.features
    return request


def _take(request: FetchRequest, line: bytes, count: int) -> None:
    if count > LINE_LIMIT:
        raise BadRequest(reason="the fetch names too many objects")
    word, _, value = line.partition(b" ")
    match word:
        case b"want":
            request.wants.append(parse_id(value))
        case b"have":
            request.haves.append(parse_id(value))
        case b"shallow":
            request.shallow.add(parse_id(value))
        case b"deepen":
            request.depth = _number(value)
        case b"deepen-since":
            request.since = _number(value)
        case b"deepen-not":
            request.exclude.append(value.decode("utf-8", "replace"))
        case b"done":
            request.done = True
        case _:
            raise BadRequest(reason=f"the fetch has an unknown line {word[:40].decode('utf-8', 'replace')!r}")


def parse_id(text: bytes) -> bytes:
    """A raw object id from 40 hex digits; :class:`BadRequest` for anything else."""
    if not _ID.match(text):
        raise BadRequest(reason="an object id is malformed")
    return bytes.fromhex(text.decode())


def _number(text: bytes) -> int:
    if not text.isdigit() or len(text) > 12:
        raise BadRequest(reason="a depth is not a number")
    return int(text)
