"""git's pkt-line framing: four hex digits of length, then the payload; lengths 0 to 2 are markers."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import BinaryIO

from commonground.errors import BadRequest

MAX_PAYLOAD = 65516


class Marker(Enum):
    """Packets without a payload."""

    FLUSH = b"0000"
    DELIMITER = b"0001"
    RESPONSE_END = b"0002"


FLUSH = Marker.FLUSH.value
DELIMITER = Marker.DELIMITER.value

Packet = bytes | Marker

_MARKERS = {0: Marker.FLUSH, 1: Marker.DELIMITER, 2: Marker.RESPONSE_END}


def pkt(payload: bytes) -> bytes:
    """One packet. The payload has at most :data:`MAX_PAYLOAD` bytes."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a packet holds at most {MAX_PAYLOAD} bytes")
    return b"%04x%b" % (len(payload) + 4, payload)


def text(line: str) -> bytes:
    """One packet with a line of text."""
    return pkt(line.encode() + b"\n")


class Reader:
    """Reads packets from the start of a binary file. What follows the last packet read stays unread."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def read(self) -> Packet | None:
        """The next packet, or ``None`` at the end of the file. :class:`BadRequest` on malformed framing."""
        head = self.file.read(4)
        if not head:
            return None
        length = _length(head)
        if length < 4:
            return _MARKERS[length]
        payload = self.file.read(length - 4)
        if len(payload) != length - 4:
            raise BadRequest(reason="the request ends inside a packet")
        return payload

    def section(self) -> Iterator[bytes]:
        """Payloads up to the next marker or the end, without their line feed."""
        while isinstance(packet := self.read(), bytes):
            yield packet.removesuffix(b"\n")


def sideband(band: int, data: Iterable[bytes]) -> Iterator[bytes]:
    """``data`` as packets of a side band: 1 the payload, 2 progress shown to the user, 3 a fatal error."""
    marker = bytes([band])
    room = MAX_PAYLOAD - 1
    for part in data:
        for at in range(0, len(part), room):
            yield pkt(marker + part[at : at + room])


def _length(head: bytes) -> int:
    try:
        if not head.isalnum():  # int() would accept signs, blanks and underscores
            raise ValueError
        length = int(head, 16)
    except ValueError:
        raise BadRequest(reason="the request is not framed as git packets") from None
    if len(head) != 4 or length == 3 or length > MAX_PAYLOAD + 4:
        raise BadRequest(reason="a git packet has an impossible length")
    return length
