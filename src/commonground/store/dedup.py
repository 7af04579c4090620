"""Answers to global dedup queries: the chunks a client need not send again."""

import secrets
import time
from collections.abc import Iterable
from typing import Final

import numpy as np
from sqlalchemy import Connection

from commonground.store import queries
from commonground.store.model import ReadGuard, StoredXorb
from commonground.store.ownership import Mask, usable_chunks, usable_files
from commonground.store.xet.hashing import HASH_LENGTH
from commonground.store.xet.shard import Term
from commonground.store.xet.shard_writer import dedup_answer
from commonground.store.xet.xorb_index import XorbIndex

MAX_XORBS: Final = 64
"""Xorbs in one answer: up to 4 GiB of content, 25 MB of answer at the very worst."""
ANSWER_SECONDS: Final = 3 * 3600


def find(
    connection: Connection, guard: ReadGuard, account_id: int | None, chunk_hash: bytes
) -> list[tuple[StoredXorb, Mask]] | None:
    """The xorbs to tell an account about that asks for a chunk, with what it may use of them.

    Besides the xorb that holds the chunk these are the others of the files around it: a client asks for the first
    chunk of a file and for one in a thousand of the rest, and learns all their neighbours from one answer. ``None``
    when there is no such chunk that the account may use.
    """
    place = queries.find_chunks(connection, [chunk_hash]).get(chunk_hash)
    if place is None:
        return None
    holder = queries.find_xorbs_by_id(connection, [place[0]])[place[0]]
    if holder.damaged or not usable_chunks(connection, guard, account_id, [holder])[holder.hash][place[1]]:
        return None
    files = usable_files(connection, guard, account_id, [holder])
    names = neighbours(holder.hash, place[1], files.values())
    xorbs = [holder, *(x for x in queries.find_xorbs(connection, names).values() if x.hash != holder.hash)]
    masks = usable_chunks(connection, guard, account_id, xorbs)
    return [(xorb, masks[xorb.hash]) for xorb in xorbs if not xorb.damaged and masks[xorb.hash].any()]


def neighbours(xorb_hash: bytes, position: int, files: Iterable[list[Term]]) -> list[bytes]:
    """The xorbs that follow a chunk in the files that use it, then those that lead up to it; at most 64."""
    following: dict[bytes, None] = {}
    leading: dict[bytes, None] = {}
    for terms in files:
        at = next((n for n, t in enumerate(terms) if t.xorb_hash == xorb_hash and t.start <= position < t.end), None)
        if at is not None:
            following.update(dict.fromkeys(term.xorb_hash for term in terms[at:]))
            leading.update(dict.fromkeys(term.xorb_hash for term in reversed(terms[:at])))
        if len(following) >= MAX_XORBS:
            break
    return list(following | leading)[:MAX_XORBS]


def answer(found: list[tuple[StoredXorb, Mask]]) -> bytes:
    """The shard to send. Its chunk hashes are keyed, so they are of use only to those who have the chunks."""
    now = int(time.time())
    blocks = [(xorb.hash, _masked(xorb.index, mask)) for xorb, mask in found]
    return dedup_answer(blocks, secrets.token_bytes(HASH_LENGTH), created=now, expires=now + ANSWER_SECONDS)


def _masked(index: XorbIndex, mask: Mask) -> XorbIndex:
    """The index with chunks that may not be used replaced by noise: the answer does not even confirm them."""
    if mask.all():
        return index
    hashes = np.frombuffer(index.hashes, np.uint8).reshape(-1, HASH_LENGTH).copy()
    hidden = ~mask
    hashes[hidden] = np.frombuffer(secrets.token_bytes(HASH_LENGTH * int(hidden.sum())), np.uint8).reshape(
        -1, HASH_LENGTH
    )
    return XorbIndex(hashes.tobytes(), index.packed_ends, index.lengths)
