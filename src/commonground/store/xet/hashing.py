"""Hashes of the Xet protocol (docs/xet/hashing.md).

A hash is 32 raw `bytes` in the order they travel. Its text form prints every 8-byte group as a little-endian u64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from blake3 import blake3

HASH_LENGTH: Final = 32
ZERO_HASH: Final = bytes(HASH_LENGTH)
EMPTY_FILE_HASH: Final = ZERO_HASH
"""File hash of the file of no bytes, which has no chunks."""

DATA_KEY: Final = bytes.fromhex("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229")
INTERNAL_NODE_KEY: Final = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
VERIFICATION_KEY: Final = bytes.fromhex("7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3")

_GROUP_SMALLEST_CUT: Final = 2
_GROUP_LARGEST: Final = 9
_CUT_MASK: Final = 0b11
_LAST_WORD: Final = 24
_TEXT_DIGITS: Final = frozenset("0123456789abcdef")

Node = tuple[bytes, int]
"""A hash and the number of unpacked bytes below it."""


def to_hex(h: bytes) -> str:
    """Text form of a hash: 64 lowercase hex digits."""
    return swap_words(h).hex()


def from_hex(s: str) -> bytes:
    """Inverse of `to_hex`; ValueError on anything but 64 lowercase hex digits."""
    if len(s) != 2 * HASH_LENGTH or not _TEXT_DIGITS.issuperset(s):
        raise ValueError("a Xet hash is 64 lowercase hex digits")
    return swap_words(bytes.fromhex(s))


def swap_words(h: bytes) -> bytes:
    """Reverse each 8-byte group of 32 bytes: turns a natural SHA-256 into its form inside shards, and back."""
    return h[7::-1] + h[15:7:-1] + h[23:15:-1] + h[31:23:-1]


def chunk_hash(data: bytes | bytearray | memoryview) -> bytes:
    """Hash of the raw (unpacked) bytes of a chunk."""
    return blake3(data, key=DATA_KEY).digest()


def keyed(h: bytes, key: bytes) -> bytes:
    """`h` under a 32-byte key: how chunk hashes appear in global dedup answers (docs/xet/shard.md)."""
    return blake3(h, key=key).digest()


def merkle_root(nodes: Sequence[Node]) -> bytes:
    """Root of the aggregated hash tree over `nodes`; zero for none, the hash itself for one."""
    if not nodes:
        return ZERO_HASH
    level = list(nodes)
    while len(level) > 1:
        level = _parents(level)
    return level[0][0]


def xorb_hash(chunks: Sequence[Node]) -> bytes:
    """Hash of a xorb from the (chunk hash, unpacked length) of its chunks in order."""
    return merkle_root(chunks)


def file_hash(chunks: Sequence[Node]) -> bytes:
    """Hash of a file from the (chunk hash, unpacked length) of its chunks in order."""
    return keyed(merkle_root(chunks), ZERO_HASH) if chunks else EMPTY_FILE_HASH


def verification_hash(chunk_hashes: Sequence[bytes]) -> bytes:
    """Proof that the uploader of a term knows the chunks it names: keyed hash over their hashes in order."""
    return blake3(b"".join(chunk_hashes), key=VERIFICATION_KEY).digest()


def _parents(level: list[Node]) -> list[Node]:
    parents: list[Node] = []
    start = 0
    while start < len(level):
        end = _group_end(level, start)
        parents.append(_parent(level[start:end]))
        start = end
    return parents


def _group_end(level: list[Node], start: int) -> int:
    """End of the group of siblings at `start`: 2 to 9 nodes, cut after a hash divisible by four."""
    last = min(start + _GROUP_LARGEST, len(level))
    for i in range(start + _GROUP_SMALLEST_CUT, last):
        if not level[i][0][_LAST_WORD] & _CUT_MASK:
            return i + 1
    return last


def _parent(group: list[Node]) -> Node:
    lines = "".join([f"{to_hex(h)} : {size}\n" for h, size in group])
    return blake3(lines.encode("ascii"), key=INTERNAL_NODE_KEY).digest(), sum(size for _, size in group)
