"""The SHA-256 of files: never believed, always computed.

It is the key every other protocol trusts. Small files are hashed before their upload is answered, huge ones by a task.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from commonground.database import Database, tasks
from commonground.errors import DigestMismatch
from commonground.store import queries
from commonground.store.model import FileRecord
from commonground.store.reading import sha256_of
from commonground.store.xet.hashing import from_hex, to_hex
from commonground.store.xorbs import Xorbs
from commonground.telemetry import logger

VERIFY_FILE = "store.verify"
"""Kind of the task; its payload is ``{"file": file hash in hex}``."""
INLINE_FILES_FACTOR = 4
"""All files of one shard that are hashed at once may have this many times the bytes that one of them may have."""


class Verifier:
    """Computes the SHA-256 of files and holds claims against it. ``limit`` is in bytes."""

    def __init__(self, database: Database, xorbs: Xorbs, limit: int) -> None:
        self._database = database
        self._xorbs = xorbs
        self._limit = limit

    async def hash_small(self, records: Iterable[FileRecord]) -> list[FileRecord]:
        """The records, those of small files with their SHA-256; :class:`DigestMismatch` for a wrong claim."""
        budget = self._limit * INLINE_FILES_FACTOR
        done = []
        for record in records:
            if record.size <= min(self._limit, budget):
                budget -= record.size
                record = await self._hash(record)
            done.append(record)
        return done

    def enqueue(self, connection: Connection, file_hash: bytes) -> None:
        """Have the file hashed once the transaction is durable."""
        name = to_hex(file_hash)
        tasks.enqueue(connection, VERIFY_FILE, {"file": name}, key=f"{VERIFY_FILE}:{name}")

    async def verify_file(self, name: str) -> None:
        """Handle the task: hash the file whose hash is ``name`` (hex) and record the result.

        From then on the file is served only under the SHA-256 it has: a link or upload that claims another is void.
        """
        record = await self._database.read(queries.find_file, from_hex(name))
        if record is None or record.sha256 is not None:
            return
        sha256 = await sha256_of(self._xorbs, record.terms)
        wrong = await self._database.write(_settle, record.hash, sha256)
        if wrong:
            logger().warning("claimed digests are wrong", file=name, claims=wrong, sha256=sha256.hex())

    async def _hash(self, record: FileRecord) -> FileRecord:
        known = await self._database.read(queries.find_file, record.hash)
        sha256 = known.sha256 if known is not None else None
        if sha256 is None:
            sha256 = await sha256_of(self._xorbs, record.terms)
        if record.claim not in {None, sha256}:
            raise DigestMismatch(actual=sha256.hex(), expected=(record.claim or b"").hex())
        return msgspec.structs.replace(record, sha256=sha256)


def _settle(connection: Connection, file_hash: bytes, sha256: bytes) -> int:
    queries.set_sha256(connection, file_hash, sha256)
    return queries.count_wrong_claims(connection, file_hash, sha256)
