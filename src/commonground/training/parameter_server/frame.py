"""The frames of the parameter server: 48 bytes of header, then a payload that is either in the stream or in shared memory."""

import enum
import struct
import zlib

import msgspec

from commonground.errors import InvalidFrame

MAGIC = b"CGPS"
VERSION = 1
MAX_PAYLOAD = 64 * 2**20
MAX_TEXT = 64 * 2**10
_HEADER = struct.Struct("<4sBBBxHxxIQQQQ")
_CHECKSUM = struct.Struct("<I")
HEADER_SIZE = _HEADER.size + _CHECKSUM.size


class Kind(enum.IntEnum):
    """What a frame asks for or answers."""

    CHALLENGE = 1
    HELLO = 2
    WELCOME = 3
    REFUSED = 4
    PUSH = 5
    """a gradient; answered by an empty ``WEIGHTS``"""
    PULL = 6
    """a question for weights"""
    PUSH_PULL = 7
    """a gradient, answered by the weights after it"""
    WEIGHTS = 8
    BEAT = 9
    BYE = 10
    ROWS = 11
    """keys, and gradients of the rows they name"""
    KEYS_WANTED = 12
    """the key list behind a checksum is not known any more"""
    PUT = 13
    """an entry for the table of a rendezvous"""
    GET = 14
    """a question for an entry, answered by ``VALUE`` once it is there"""
    VALUE = 15
    READ = 16
    """numbers of rows, answered by ``BATCH``"""
    BATCH = 17
    LEASE = 18
    """what was leased is done, give the next; answered by ``VALUE``"""


class Frame(msgspec.Struct, frozen=True):
    """One header.

    ``start`` and ``count`` are a range of the flat weights, in elements; ``size`` counts the payload's bytes in the stream, 0 where
    it lies in shared memory. ``clock`` is the number of updates the range has seen. The checksum covers the header: a stream that
    lost its place is noticed at once, and the payload is left to the transport's own checksum, which costs no pass over the data.
    """

    kind: Kind
    codec: int = 0
    rank: int = 0
    generation: int = 0
    clock: int = 0
    start: int = 0
    count: int = 0
    size: int = 0

    def encode(self) -> bytes:
        """The 48 bytes of the header."""
        head = _HEADER.pack(
            MAGIC,
            VERSION,
            self.kind,
            self.codec,
            self.rank,
            self.generation,
            self.clock,
            self.start,
            self.count,
            self.size,
        )
        return head + _CHECKSUM.pack(zlib.crc32(head))

    @property
    def stop(self) -> int:
        """The end of the range, exclusive."""
        return self.start + self.count


def decode(header: bytes | bytearray | memoryview) -> Frame:
    """The frame of a header; ``InvalidFrame`` says what is wrong with it."""
    if len(header) != HEADER_SIZE:
        raise InvalidFrame(reason=f"a header has {HEADER_SIZE} bytes, not {len(header)}")
    magic, version, kind, codec, rank, generation, clock, start, count, size = _HEADER.unpack_from(header)
    if magic != MAGIC:
        raise InvalidFrame(reason="this is not a parameter server's stream")
    if zlib.crc32(header[: _HEADER.size]) != _CHECKSUM.unpack_from(header, _HEADER.size)[0]:
        raise InvalidFrame(reason="the header's checksum is wrong")
    if version != VERSION:
        raise InvalidFrame(reason=f"version {version} of the protocol, {VERSION} is spoken here")
    if kind not in Kind._value2member_map_:
        raise InvalidFrame(reason=f"there is no frame of kind {kind}")
    if size > MAX_PAYLOAD:
        raise InvalidFrame(reason=f"a payload of {size} bytes, at most {MAX_PAYLOAD} are taken")
    return Frame(Kind(kind), codec, rank, generation, clock, start, count, size)
