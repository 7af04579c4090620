"""Compression schemes of a chunk inside a xorb (docs/xet/xorb.md, Chunk Compression Schemes)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import lz4.frame
import numpy as np

from commonground.store.xet.errors import FormatError


class Scheme(IntEnum):
    """How the bytes of a chunk are packed; the value is the byte in the chunk header."""

    RAW = 0
    LZ4 = 1
    GROUPED_LZ4 = 2


# A chunk is probed by four pieces of this size (a multiple of four, so byte planes stay in phase).
_PROBE_PIECE: Final = 2048
_PROBE_PIECES: Final = 4
# A probe must shrink at least this much for the whole chunk to be worth packing.
_WORTHWHILE: Final = 0.98
# Byte grouping costs time on every read: it must beat plain LZ4 by this much.
_GROUPING_GAIN: Final = 0.98


def compress(data: bytes) -> tuple[Scheme, bytes]:
    """Pack a chunk with the scheme that suits it; `RAW` and the same bytes where packing does not pay."""
    scheme = _choose(_probe(data))
    packed = pack(scheme, data)
    return (scheme, packed) if len(packed) < len(data) else (Scheme.RAW, data)


def pack(scheme: Scheme, data: bytes) -> bytes:
    """Pack a chunk with the given scheme, whatever the result weighs."""
    if scheme is Scheme.RAW:
        return data
    return _lz4(group_bytes(data) if scheme is Scheme.GROUPED_LZ4 else data)


def decompress(scheme: int, data: bytes | memoryview, length: int) -> bytes:
    """Unpack a chunk to exactly `length` bytes.

    Never holds more than `length` + 1 bytes of output. FormatError on an unknown scheme, on damage, and when the
    result is shorter or longer than `length`.
    """
    if scheme == Scheme.RAW:
        if len(data) != length:
            raise FormatError(f"raw chunk holds {len(data)} bytes, its header says {length}")
        return bytes(data)
    if scheme == Scheme.LZ4:
        return _unlz4(data, length)
    if scheme == Scheme.GROUPED_LZ4:
        return ungroup_bytes(_unlz4(data, length))
    raise FormatError(f"unknown compression scheme {scheme}")


def group_bytes(data: bytes) -> bytes:
    """Byte i of every 4-byte word, plane after plane; the first planes take the odd bytes at the end."""
    source = np.frombuffer(data, np.uint8)
    return b"".join([source[plane::4].tobytes() for plane in range(4)])


def ungroup_bytes(data: bytes) -> bytes:
    """Inverse of `group_bytes`."""
    source, out, start = np.frombuffer(data, np.uint8), np.empty(len(data), np.uint8), 0
    for plane in range(4):
        end = start + (len(data) + 3 - plane) // 4
        out[plane::4] = source[start:end]
        start = end
    return out.tobytes()


def _probe(data: bytes) -> bytes:
    if len(data) <= _PROBE_PIECE * _PROBE_PIECES:
        return data
    step = len(data) // _PROBE_PIECES // 4 * 4
    return b"".join([data[at : at + _PROBE_PIECE] for at in range(0, step * _PROBE_PIECES, step)])


def _choose(probe: bytes) -> Scheme:
    plain, grouped = len(_lz4(probe)), len(_lz4(group_bytes(probe)))
    if min(plain, grouped) >= len(probe) * _WORTHWHILE:
        return Scheme.RAW
    return Scheme.GROUPED_LZ4 if grouped < plain * _GROUPING_GAIN else Scheme.LZ4


def _lz4(data: bytes) -> bytes:
    packed: bytes = lz4.frame.compress(data, block_size=lz4.frame.BLOCKSIZE_MAX256KB, store_size=False)
    return packed


def _unlz4(data: bytes | memoryview, length: int) -> bytes:
    frame = lz4.frame.LZ4FrameDecompressor()
    try:
        # One byte of room beyond `length` lets the decoder reach the end mark and shows a frame that is too long.
        out: bytes = frame.decompress(data, max_length=length + 1)
    except (RuntimeError, EOFError) as error:
        raise FormatError(f"damaged LZ4 frame: {error}") from error
    if len(out) != length or not frame.eof or frame.unused_data:
        raise FormatError(f"LZ4 frame does not unpack to exactly the {length} bytes of its header")
    return out
