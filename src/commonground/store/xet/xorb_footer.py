"""The optional footer of a xorb.

Clients upload the bare chain of chunks; files written by the reference library end in this footer. It repeats what
the chunks say, so it is only ever checked, never believed.
"""

from __future__ import annotations

import struct
from typing import Final

from commonground.store.xet.errors import FormatError
from commonground.store.xet.xorb_index import XorbIndex

MARK: Final = b"XETBLOB"
"""First bytes of a footer, where a chunk header would have the version 0."""

_HEAD: Final = struct.Struct("<7sB32s")
_SECTION: Final = struct.Struct("<7sBI")
_TAIL: Final = struct.Struct("<III16sI")
_HASHES_MARK: Final = b"XBLBHSH"
_BOUNDS_MARK: Final = b"XBLBBND"
_VERSION: Final = 1
_HASHES_VERSION: Final = 0
_BOUNDS_VERSION: Final = 1
_FREE_START, _FREE_END = -20, -4  # a nonce chosen by the writer, outside every hash


def footer_length(chunks: int) -> int:
    """Bytes of the footer of a xorb of that many chunks, its closing length field included."""
    return _HEAD.size + 2 * _SECTION.size + chunks * 40 + _TAIL.size


def build_footer(xorb_hash: bytes, index: XorbIndex) -> bytes:
    """The footer the reference library writes (version 1), with a zero nonce."""
    count = len(index)
    hashes = _SECTION.pack(_HASHES_MARK, _HASHES_VERSION, count) + index.hashes
    offsets = index.packed_ends.astype("<u4").tobytes() + index.unpacked_offsets[1:].astype("<u4").tobytes()
    bounds = _SECTION.pack(_BOUNDS_MARK, _BOUNDS_VERSION, count) + offsets
    total = footer_length(count)
    fixed = _TAIL.size - 4
    tail = _TAIL.pack(count, len(hashes) + len(bounds) + fixed, len(bounds) + fixed, bytes(16), total - 4)
    return _HEAD.pack(MARK, _VERSION, xorb_hash) + hashes + bounds + tail


def check_footer(data: bytes, xorb_hash: bytes, index: XorbIndex) -> None:
    """FormatError unless `data` is the version 1 footer of exactly this xorb (any nonce)."""
    expected = build_footer(xorb_hash, index)
    same = len(data) == len(expected) and data[:_FREE_START] == expected[:_FREE_START]
    if not same or data[_FREE_END:] != expected[_FREE_END:]:
        raise FormatError("the xorb footer does not describe its chunks")
