"""Writes a pack as a stream."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain

from commonground.gateways.git.graph import MissingObject
from commonground.gateways.git.objects import Objects
from commonground.hub.revisions.objects import EMPTY_TREE, TREE

BLOCK = 256  # objects asked for at once
PART = 2**17  # bytes of the pack handed on at once


def write_pack(objects: Objects, shas: Sequence[bytes]) -> Iterator[bytes]:
    """The pack of ``shas``, each object whole, in parts. Memory is bounded by one block of small objects or one large
    one. Raises :class:`MissingObject`.
    """
    digest = hashlib.sha1(usedforsecurity=False)
    part = bytearray(b"PACK\0\0\0\2" + len(shas).to_bytes(4))
    for at in range(0, len(shas), BLOCK):
        block = shas[at : at + BLOCK]
        left = set(block)
        for sha, kind, body in chain(objects.read(block), [(EMPTY_TREE, TREE, b"")] if EMPTY_TREE in left else []):
            if sha not in left:
                continue
            left.discard(sha)
            part += entry_header(kind, len(body)) + zlib.compress(body, 1)
            if len(part) >= PART:
                digest.update(part)
                yield bytes(part)
                part.clear()
        if left:
            raise MissingObject(left.pop())
    digest.update(part)
    yield bytes(part) + digest.digest()


def entry_header(kind: int, size: int) -> bytes:
    """Type and size as they stand before an object in a pack."""
    byte, size = kind << 4 | size & 15, size >> 4
    header = bytearray()
    while size:
        header.append(byte | 128)
        byte, size = size & 127, size >> 7
    header.append(byte)
    return bytes(header)
