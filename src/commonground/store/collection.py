"""gc: what nothing uses any more, and no upload is about to use, goes."""

import re
import time
from collections.abc import AsyncIterator

import msgspec

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.store import maintenance_queries as pages
from commonground.store.backends import Backend, StoredObject
from commonground.store.cache import FileCache
from commonground.store.model import GRANTS, XORBS, xorb_key
from commonground.store.xet.hashing import from_hex
from commonground.store.xorbs import Xorbs

PAGE = 200
YOUNGEST_OBJECT_SECONDS = 900
"""Objects younger than this stay, whatever the grace: an upload may be about to record them."""
_KEY = re.compile(rf"{XORBS}/[0-9a-f]{{2}}/[0-9a-f]{{2}}/([0-9a-f]{{64}})-([0-9a-f]{{12}})")


class GcReport(msgspec.Struct):
    """What was removed, or would be. ``bytes`` are freed in the backend."""

    files: int = 0
    xorbs: int = 0
    objects: int = 0
    bytes: int = 0


class Collector:
    """Removes unused files, then unused xorbs, then objects no row knows.

    Rows go first, in transactions that check again under lock; objects after. An upload of the same xorb in between
    writes an object of another name (see :func:`commonground.store.model.new_generation`), so it loses nothing.
    """

    def __init__(self, database: Database, backend: Backend, xorbs: Xorbs, cache: FileCache) -> None:
        self._database = database
        self._backend = backend
        self._xorbs = xorbs
        self._cache = cache

    async def gc(self, *, dry_run: bool = False, grace: float) -> GcReport:
        """Remove what has been unused, and not been uploaded, for ``grace`` seconds; ``dry_run`` only counts.

        A dry run cannot count the xorbs that only the files it would remove still use.
        """
        report = GcReport()
        cutoff = now_ms() - int(grace * 1000)
        await self._files(report, cutoff, dry_run)
        await self._unused_xorbs(report, cutoff, dry_run)
        await self._objects(report, max(grace, YOUNGEST_OBJECT_SECONDS), dry_run)
        return report

    async def _files(self, report: GcReport, cutoff: int, dry_run: bool) -> None:
        after = b""
        while found := await self._database.read(pages.unused_files, cutoff, after, PAGE):
            after = found[-1][0]
            hashes = [name for name, _ in found]
            if not dry_run:
                hashes = await self._database.write(pages.delete_unused_files, cutoff, hashes)
                for name in hashes:
                    self._cache.drop(name)
            report.files += len(hashes)

    async def _unused_xorbs(self, report: GcReport, cutoff: int, dry_run: bool) -> None:
        after = 0
        while ids := await self._database.read(pages.unused_xorbs, cutoff, after, PAGE):
            after = ids[-1]
            if dry_run:
                rows = await self._database.read(pages.find_unused_xorbs, cutoff, ids)
            else:
                rows = await self._database.write(pages.delete_unused_xorbs, cutoff, ids)
            for row in rows:
                report.xorbs += 1
                report.bytes += row.packed_length
                if not dry_run:
                    self._xorbs.forget(row.hash)
                    await self._backend.delete(xorb_key(row.hash, row.generation))

    async def _objects(self, report: GcReport, age: float, dry_run: bool) -> None:
        limit = int((time.time() - age) * 1000)
        async for item in self._orphans():
            if item.modified < limit:
                report.objects += 1
                report.bytes += item.size
                if not dry_run:
                    await self._backend.delete(item.key)

    async def _orphans(self) -> AsyncIterator[StoredObject]:
        """Objects without a row. Ones with names the store did not give are left alone."""
        page: list[tuple[tuple[bytes, int], StoredObject]] = []
        async for item in self._backend.list(XORBS):
            if match := _KEY.fullmatch(item.key):
                page.append(((from_hex(match[1]), int(match[2], 16)), item))
            if len(page) >= PAGE:
                for orphan in await self._without_row(page):
                    yield orphan
                page = []
        for orphan in await self._without_row(page):
            yield orphan
        async for item in self._backend.list(GRANTS):
            yield item

    async def _without_row(self, page: list[tuple[tuple[bytes, int], StoredObject]]) -> list[StoredObject]:
        known = await self._database.read(pages.generations, [name for (name, _), _ in page])
        return [item for identity, item in page if identity not in known]
