"""Records, header and footer of a shard (docs/xet/shard.md)."""

from __future__ import annotations

import struct
from typing import Final

import msgspec
import numpy as np

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import HASH_LENGTH, ZERO_HASH

RECORD_LENGTH: Final = 48
FOOTER_LENGTH: Final = 200
BOOKEND: Final = b"\xff" * HASH_LENGTH + bytes(RECORD_LENGTH - HASH_LENGTH)
"""Record that ends each section; only its hash of all ones counts."""

FILE_VERIFIED: Final = 1 << 31
"""File flag: one verification record a term follows the terms."""
FILE_HAS_METADATA: Final = 1 << 30
"""File flag: a last record holds the SHA-256 of the file."""
CHUNK_GLOBAL_DEDUP: Final = 1 << 31
"""Chunk flag: this chunk may be found by its hash alone. The reference server sets it on first chunks of files; clients
leave it to the server."""

FILE_HEADER: Final = struct.Struct("<32sII8x")
XORB_HEADER: Final = struct.Struct("<32sIIII")
HASH_RECORD: Final = struct.Struct("<32s16x")
TERM_RECORD: Final = struct.Struct("<32sIIII")
"""Xorb hash, flags, unpacked length, first chunk, end chunk."""
CHUNK_RECORD: Final = struct.Struct("<32sIIII")
"""Chunk hash, offset in the unpacked xorb, unpacked length, flags, unused."""
TERM: Final = np.dtype([("xorb", "V32"), ("flags", "<u4"), ("length", "<u4"), ("start", "<u4"), ("end", "<u4")])
CHUNK: Final = np.dtype([("hash", "V32"), ("offset", "<u4"), ("length", "<u4"), ("flags", "<u4"), ("unused", "<u4")])

_TAG: Final = bytes.fromhex("48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9")
_HEADER: Final = struct.Struct("<32sQQ")
_HEADER_VERSION: Final = 2
_FOOTER: Final = struct.Struct("<9Q32s2Q72xQ")
_FOOTER_VERSION: Final = 1
_NEVER: Final = (1 << 64) - 1


class ShardFooter(msgspec.Struct, frozen=True):
    """What a footer says beyond offsets. Times are Unix seconds; a zero `key` means that chunk hashes are plain."""

    key: bytes = ZERO_HASH
    created: int = 0
    expires: int = _NEVER


def encode_header(*, footer: bool) -> bytes:
    """The first 48 bytes."""
    return _HEADER.pack(_TAG, _HEADER_VERSION, FOOTER_LENGTH if footer else 0)


def decode_header(data: bytes | memoryview) -> bool:
    """Check the first 48 bytes; whether a footer ends the shard."""
    if len(data) < _HEADER.size:
        raise FormatError("shard is shorter than its header")
    tag, version, footer = _HEADER.unpack_from(data)
    if tag != _TAG:
        raise FormatError("not a shard: the tag is wrong")
    if version != _HEADER_VERSION:
        raise FormatError(f"unknown shard version {version}")
    if footer not in (0, FOOTER_LENGTH):
        raise FormatError(f"shard footer of {footer} bytes")
    return bool(footer)


def encode_footer(xorb_section: int, end: int, footer: ShardFooter) -> bytes:
    """Footer of a shard whose xorb section spans [`xorb_section`, `end`), without lookup tables.

    The reference reader takes the end of the xorb section from the lookup offsets, so all three name it.
    """
    tables = (end, 0) * 3
    offsets = (_FOOTER_VERSION, _HEADER.size, xorb_section, *tables)
    return _FOOTER.pack(*offsets, footer.key, footer.created, footer.expires, end)


def decode_footer(data: memoryview, xorb_section: int, end: int) -> ShardFooter:
    """Footer of a shard whose sections were walked: they must lie where it says, before any lookup table."""
    at = len(data) - FOOTER_LENGTH
    if at < end:
        raise FormatError("shard footer overlaps its sections")
    version, files, xorbs, *tables, key, created, expires, offset = _FOOTER.unpack_from(data, at)
    if version != _FOOTER_VERSION:
        raise FormatError(f"unknown shard footer version {version}")
    if (files, xorbs, offset) != (_HEADER.size, xorb_section, at):
        raise FormatError("shard footer points elsewhere than its sections")
    if any(not end <= start <= at for start in tables[::2] if start):
        raise FormatError("a lookup table of the shard overlaps its sections")
    return ShardFooter(key, created, expires)
