"""The MD5 of files, which the client compares with what it received."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator

import msgspec

from commonground.database import Database
from commonground.gateways.kaggle import queries
from commonground.http.files import Content
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions

HEADER = "X-Goog-Hash"
AT_ONCE = 32 * 2**20
"""Files up to this many bytes are read for their MD5 before they are sent."""


class Checksums:
    """Knows the MD5 of large files by their SHA-256, once they were read."""

    def __init__(self, database: Database, revisions: Revisions) -> None:
        self._database, self._revisions = database, revisions

    async def of(self, repository: Repository, entry: Entry, content: Content) -> tuple[Content, dict[str, str]]:
        """What to send, and the header that names its MD5.

        A file too large to be read first has no such header the first time: its MD5 is computed while it is sent from
        beginning to end, and remembered.
        """
        sha256 = bytes.fromhex(entry.lfs.sha256) if entry.lfs else None
        known = None if sha256 is None else await self._database.lookup(queries.find_md5, sha256)
        if known is None and entry.size <= AT_ONCE:
            known = await self._compute(repository, entry, sha256)
        if known is not None:
            return content, {HEADER: f"md5={b64encode(known).decode()}"}
        return (content if sha256 is None else self._watched(content, sha256)), {}

    async def _compute(self, repository: Repository, entry: Entry, sha256: bytes | None) -> bytes:
        digest = hashlib.md5(usedforsecurity=False)
        async for part in self._revisions.stream(repository, entry):
            await asyncio.to_thread(digest.update, part)
        if sha256 is not None:
            await self._database.write(queries.keep_md5, sha256, digest.digest())
        return digest.digest()

    def _watched(self, content: Content, sha256: bytes) -> Content:
        async def read(start: int, end: int) -> AsyncIterator[bytes]:
            if (start, end) != (0, content.size):
                async for part in content.read(start, end):
                    yield part
                return
            digest = hashlib.md5(usedforsecurity=False)
            async for part in content.read(start, end):
                await asyncio.to_thread(digest.update, part)
                yield part
            await self._database.write(queries.keep_md5, sha256, digest.digest())

        return msgspec.structs.replace(content, read=read, local=None)
