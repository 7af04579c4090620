"""Which chunks an account may use. Knowing a hash is not owning the bytes.

An account may use all of a xorb that it sent in full, and of any other xorb those chunks that belong to a file it
uploaded or to a file linked to a repository it may read: xorbs mix files.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from commonground.store import queries
from commonground.store.model import ReadGuard, StoredXorb
from commonground.store.xet.shard import Term

Mask: TypeAlias = npt.NDArray[np.bool_]
"""One flag a chunk of a xorb: whether it may be used."""


def usable_chunks(
    connection: Connection, guard: ReadGuard, account_id: int | None, xorbs: Collection[StoredXorb]
) -> dict[bytes, Mask]:
    """What the account may use of each of these xorbs, by xorb hash."""
    own = queries.uploaded_xorbs(connection, account_id, [xorb.id for xorb in xorbs])
    masks = {xorb.hash: np.full(len(xorb.index), xorb.id in own, np.bool_) for xorb in xorbs}
    foreign = [xorb for xorb in xorbs if xorb.id not in own]
    if foreign:
        files = usable_files(connection, guard, account_id, foreign)
        _allow({xorb.hash: masks[xorb.hash] for xorb in foreign}, files.values())
    return masks


def usable_files(
    connection: Connection, guard: ReadGuard, account_id: int | None, xorbs: Iterable[StoredXorb]
) -> dict[bytes, list[Term]]:
    """The files over these xorbs that the account uploaded or may read, with their terms, by file hash."""
    hashes = queries.files_in_xorbs(connection, [xorb.id for xorb in xorbs])
    usable = queries.uploaded_files(connection, account_id, hashes)
    usable |= readable_files(connection, guard, account_id, hashes - usable)
    return queries.terms_of(connection, usable)


def readable_files(
    connection: Connection, guard: ReadGuard, account_id: int | None, hashes: Collection[bytes]
) -> set[bytes]:
    """The ones of these files that are linked to a repository the account may read."""
    uses = queries.repositories_of(connection, hashes)
    if not uses:
        return set()
    readable = guard.readable(connection, account_id, sorted({repository for _, repository in uses}))
    return {file_hash for file_hash, repository in uses if repository in readable}


def _allow(masks: Mapping[bytes, Mask], files: Iterable[Sequence[Term]]) -> None:
    for terms in files:
        for term in terms:
            if (mask := masks.get(term.xorb_hash)) is not None:
                mask[term.start : term.end] = True
