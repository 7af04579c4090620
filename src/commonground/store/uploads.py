"""Upload sessions: content that arrives in several requests. Every part is a file of the store."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import BadRequest, DigestMismatch, UploadNotFound, UploadOutOfOrder
from commonground.settings import Settings
from commonground.store import upload_queries as queries
from commonground.store.backends.base import Buffer
from commonground.store.model import FileState, Part, Session, StoredFile
from commonground.store.service import Store

PART_LIMIT = 100_000
"""Most parts of one session."""
REAPED_AT_ONCE = 500


class Uploads:
    """The uploads of all accounts. A session is of use to the account that began it, for the purpose (the protocol) it
    was begun for, until ``upload_lease_seconds`` have passed.
    """

    def __init__(self, database: Database, store: Store, settings: Settings) -> None:
        self._database, self._store = database, store
        self._milliseconds = settings.upload_lease_seconds * 1000

    async def begin(self, account_id: int, purpose: str, details: Mapping[str, Any]) -> Session:
        """A new session. Its id is unguessable; ``details`` (JSON) come back with it."""
        session = Session(
            id=secrets.token_hex(20),
            account_id=account_id,
            purpose=purpose,
            details=dict(details),
            size=0,
            expires_at=now_ms() + self._milliseconds,
        )
        await self._database.write(queries.add, session)
        return session

    async def find(self, session_id: str, account_id: int | None, purpose: str) -> Session:
        """The session; :class:`UploadNotFound` if it is unknown, finished, expired or somebody else's."""
        session = await self._database.lookup(queries.find, session_id, now_ms())
        if session is None or session.account_id != account_id or session.purpose != purpose:
            raise UploadNotFound(upload=session_id[:64])
        return session

    async def of_account(self, account_id: int, purpose: str, after: str = "", limit: int = 1000) -> list[Session]:
        """The sessions of an account for one purpose, by id, from behind ``after``."""
        return await self._database.read(queries.of_account, account_id, purpose, after, limit, now_ms())

    async def parts(self, session: Session, after: int = 0, limit: int = PART_LIMIT) -> list[Part]:
        """The parts with numbers above ``after``, in order."""
        return await self._database.read(queries.parts, session.id, after, limit)

    async def put_part(
        self, session: Session, number: int, parts: AsyncIterator[Buffer], *, size: int | None = None
    ) -> Part:
        """Keep a body as the part of that number, in place of the one that was there; parts may arrive in any order.

        :class:`SizeMismatch` when it has not ``size`` bytes, :class:`UploadNotFound` when the session ended meanwhile.
        """
        if not 1 <= number <= PART_LIMIT:
            raise BadRequest(reason=f"parts have numbers from 1 to {PART_LIMIT}")
        part = _part(number, await self._store.ingest(session.account_id, parts, size=size))
        await self._database.write(_put_part, session.id, part)
        return part

    async def append(self, session: Session, offset: int, parts: AsyncIterator[Buffer]) -> Part:
        """Keep a body as the part behind the last one.

        :class:`UploadOutOfOrder` when ``offset`` is not the size so far: of two that append at the same place one
        gets it. Nothing is kept of a body that breaks off.
        """
        size = await self._database.lookup(_size, session.id)
        if size != offset:
            raise UploadOutOfOrder(size=size, offset=offset)
        file = await self._store.ingest(session.account_id, parts)
        return await self._database.write(_append, session.id, offset, file)

    async def complete(
        self, session: Session, numbers: Sequence[int] | None = None, *, sha256: bytes | None = None
    ) -> StoredFile:
        """End the session; the file its parts make up, in their order or in that of ``numbers``.

        One part is that file already, several are joined. :class:`DigestMismatch` when it has another SHA-256,
        :class:`UploadNotFound` for a part that is not there: then the session goes on; and for a session that has
        ended: of two that complete it at once the second gets the same file or this.
        """
        file = await self.join(session, numbers, sha256=sha256)
        await self.abort(session)
        return file

    async def join(
        self, session: Session, numbers: Sequence[int] | None = None, *, sha256: bytes | None = None
    ) -> StoredFile:
        """Like :meth:`complete`, but the session goes on: for who has to do more before the upload is of use."""
        parts = await self._database.read(_all_parts, session.id)
        chosen = parts if numbers is None else _choose(parts, numbers)
        return await self._join(session.account_id, chosen, sha256)

    async def abort(self, session: Session) -> None:
        """Forget the session. Its parts are reaped like any file that nothing uses."""
        await self._database.write(queries.remove, session.id)

    async def reap(self) -> int:
        """Forget some expired sessions; how many."""
        return await self._database.write(queries.reap, now_ms(), REAPED_AT_ONCE)

    async def _join(self, account_id: int, parts: Sequence[Part], sha256: bytes | None) -> StoredFile:
        if len(parts) != 1:
            return await self._store.ingest(account_id, self._read(parts), sha256=sha256)
        [part] = parts
        if sha256 not in {None, part.sha256}:
            raise DigestMismatch(actual=part.sha256.hex(), expected=(sha256 or b"").hex())
        return StoredFile(hash=part.file_hash, sha256=part.sha256, size=part.size, state=FileState.VERIFIED)

    async def _read(self, parts: Sequence[Part]) -> AsyncIterator[Buffer]:
        for part in parts:
            async for piece in self._store.read(part.file_hash):
                yield piece


def _part(number: int, file: StoredFile) -> Part:
    assert file.sha256 is not None  # ingest always computes it
    return Part(number=number, file_hash=file.hash, sha256=file.sha256, size=file.size)


def _size(connection: Connection, session_id: str) -> int:
    session = queries.find(connection, session_id, now_ms())
    if session is None:
        raise UploadNotFound(upload=session_id)
    return session.size


def _all_parts(connection: Connection, session_id: str) -> list[Part]:
    """The parts of a session. They are read before it is asked for: one that ends in between is not taken for empty."""
    found = queries.parts(connection, session_id, 0, PART_LIMIT)
    _size(connection, session_id)
    return found


def _put_part(connection: Connection, session_id: str, part: Part) -> None:
    if queries.lock(connection, session_id) is None:
        raise UploadNotFound(upload=session_id)
    queries.put_part(connection, session_id, part)


def _append(connection: Connection, session_id: str, offset: int, file: StoredFile) -> Part:
    size = queries.lock(connection, session_id)
    if size is None:
        raise UploadNotFound(upload=session_id)
    if size != offset:
        raise UploadOutOfOrder(size=size, offset=offset)
    part = _part(queries.last_number(connection, session_id) + 1, file)
    if part.number > PART_LIMIT:
        raise BadRequest(reason=f"an upload has at most {PART_LIMIT} parts")
    if part.size:
        queries.add_part(connection, session_id, part)
    return part


def _choose(parts: Sequence[Part], numbers: Sequence[int]) -> list[Part]:
    known = {part.number: part for part in parts}
    missing = next((number for number in numbers if number not in known), None)
    if missing is not None:
        raise UploadNotFound(upload=f"part {missing}")
    return [known[number] for number in numbers]
