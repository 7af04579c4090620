"""Files as streams of bytes, rebuilt from chunks that were verified first."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence

import msgspec
import numpy as np

from commonground.errors import PayloadTooLarge
from commonground.store.terms import total_length
from commonground.store.xet.shard import Term
from commonground.store.xet.xorb_index import XorbIndex
from commonground.store.xorbs import Xorbs

PIECE = 4 * 2**20
"""Bytes of a file rebuilt at a time; a reader holds at most ``AHEAD + 1`` such pieces."""
AHEAD = 2


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Chunks [start, end) of a xorb, and how many of their bytes to drop in front and to take then."""

    xorb_hash: bytes
    start: int
    end: int
    skip: int
    take: int


async def read_terms(
    xorbs: Xorbs, terms: Sequence[Term], start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """The bytes [start, end) of the file that ``terms`` describe, in parts of up to 4 MiB, read ahead.

    Raises :class:`CorruptBlob` in place of the first part that does not verify.
    """
    stop = total_length(terms) if end is None else end
    pieces = _pieces(xorbs, terms, start, stop)
    ahead: deque[asyncio.Task[bytes]] = deque()
    try:
        async for piece in pieces:
            ahead.append(asyncio.create_task(_fetch(xorbs, piece)))
            if len(ahead) > AHEAD:
                yield await ahead.popleft()
        while ahead:
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)
        await pieces.aclose()


async def read_all(xorbs: Xorbs, terms: Sequence[Term], start: int = 0, end: int | None = None, *, limit: int) -> bytes:
    """The same in one piece; :class:`PayloadTooLarge` above ``limit`` bytes."""
    stop = total_length(terms) if end is None else min(end, total_length(terms))
    if stop - start > limit:
        raise PayloadTooLarge(limit=limit)
    return b"".join([part async for part in read_terms(xorbs, terms, start, stop)])


async def sha256_of(xorbs: Xorbs, terms: Sequence[Term]) -> bytes:
    """SHA-256 of the whole file."""
    digest = hashlib.sha256()
    async for part in read_terms(xorbs, terms):
        await asyncio.to_thread(digest.update, part)
    return digest.digest()


def split_term(term: Term, index: XorbIndex, start: int, stop: int) -> Iterator[Piece]:
    """The pieces that hold the bytes [start, stop) of a term."""
    offsets = index.unpacked_offsets.astype(np.int64)
    base = int(offsets[term.start])
    chunk = int(np.searchsorted(offsets, base + start, side="right")) - 1
    last = int(np.searchsorted(offsets, base + stop, side="left"))
    at = base + start
    while chunk < last:
        # As many whole chunks as fit a piece, at least one.
        end = int(np.searchsorted(offsets, int(offsets[chunk]) + PIECE, side="right")) - 1
        end = min(max(end, chunk + 1), last)
        upper = min(int(offsets[end]), base + stop)
        yield Piece(term.xorb_hash, chunk, end, at - int(offsets[chunk]), upper - at)
        chunk, at = end, upper


async def _pieces(xorbs: Xorbs, terms: Sequence[Term], start: int, stop: int) -> AsyncGenerator[Piece, None]:
    lower = 0
    for term in terms:
        upper = lower + term.length
        if upper > start and lower < stop:
            index = (await xorbs.find(term.xorb_hash)).index
            for piece in split_term(term, index, max(start - lower, 0), min(stop, upper) - lower):
                yield piece
        lower = upper


async def _fetch(xorbs: Xorbs, piece: Piece) -> bytes:
    chunks = await xorbs.chunks(piece.xorb_hash, piece.start, piece.end)
    if piece.skip == 0 and piece.take == sum(map(len, chunks)):
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    return b"".join(chunks)[piece.skip : piece.skip + piece.take]
