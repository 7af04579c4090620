"""fsck and scrub: is everything there, and is it what it was."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

import msgspec

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import CorruptBlob
from commonground.store import maintenance_queries as pages
from commonground.store import queries
from commonground.store.backends import Backend
from commonground.store.cache import FileCache
from commonground.store.model import FileRecord, StoredXorb
from commonground.store.terms import total_length, xorb_hashes
from commonground.store.verification import Verifier
from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import from_hex, to_hex
from commonground.store.xet.xorb_index import XorbIndex
from commonground.store.xorbs import Xorbs

PAGE = 100
"""Xorbs or files looked at in one query: an index may have 320 KiB."""

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all)."""


class Problem(msgspec.Struct, frozen=True):
    """Something that is not as it should be. ``subject`` is the hash (hex) of a xorb or file."""

    kind: Literal["missing", "damaged", "index", "chunk", "terms", "reference", "link", "digest"]
    subject: str
    detail: str
    repaired: bool = False


class FsckReport(msgspec.Struct):
    """What fsck looked at and found."""

    xorbs: int = 0
    files: int = 0
    chunks: int = 0
    problems: list[Problem] = msgspec.field(default_factory=list)


class ScrubReport(msgspec.Struct):
    """What scrub re-hashed (``bytes`` as stored) and which xorbs (hex) are damaged or sound again."""

    xorbs: int = 0
    bytes: int = 0
    damaged: list[str] = msgspec.field(default_factory=list)
    healed: list[str] = msgspec.field(default_factory=list)
    dropped_from_cache: int = 0


class Checks:
    """Looks at everything the store has."""

    def __init__(
        self, database: Database, backend: Backend, xorbs: Xorbs, verifier: Verifier, cache: FileCache
    ) -> None:
        self._database = database
        self._backend = backend
        self._xorbs = xorbs
        self._verifier = verifier
        self._cache = cache

    # --- fsck ---------------------------------------------------------------------------------------------------------

    async def fsck(self, *, repair: bool = False) -> FsckReport:
        """Check that every xorb is in the backend with its length, that chunk rows point where they say, and that the
        terms of every file add up. ``repair`` flags missing xorbs, drops wrong chunk rows, restores references and
        has unverified files hashed; lost bytes come back only by uploading them again.
        """
        report = FsckReport()
        async for row in self._rows():
            report.xorbs += 1
            await self._check_xorb(row, report, repair)
        async for record in self._files():
            report.files += 1
            await self._check_file(record, report, repair)
        for repository, file_hash in await self._database.read(pages.links_without_file):
            report.problems.append(
                Problem("link", to_hex(file_hash), f"repository {repository} links to it; it is gone")
            )
        for repository, file_hash in await self._database.read(pages.wrong_links):
            detail = f"repository {repository} names a SHA-256 that it does not have"
            report.problems.append(Problem("digest", to_hex(file_hash), detail))
        return report

    async def _check_xorb(self, row: queries.AnyRow, report: FsckReport, repair: bool) -> None:
        name = to_hex(row.hash)
        try:
            xorb = queries.xorb_of(row)
        except FormatError as error:
            report.problems.append(Problem("index", name, str(error)))
            return
        size = await self._backend.size(xorb.key)
        if size != xorb.packed_length or xorb.index.packed_length != xorb.packed_length:
            if repair:
                await self._flag(xorb, now_ms())
            found = "no object" if size is None else f"an object of {size} bytes"
            detail = f"{found} where {xorb.packed_length} bytes should be"
            report.problems.append(Problem("missing", name, detail, repaired=False))
        elif xorb.damaged:
            report.problems.append(Problem("damaged", name, "scrub found that its bytes have changed"))
        await self._check_chunks(xorb, report, repair)

    async def _check_chunks(self, xorb: StoredXorb, report: FsckReport, repair: bool) -> None:
        rows = await self._database.read(pages.chunks_of, xorb.id)
        report.chunks += len(rows)
        wrong = [name for name, position in rows if not _is_at(xorb.index, name, position)]
        if wrong and repair:
            await self._database.write(pages.delete_chunks, wrong)
        detail = "a chunk row points to another chunk"
        report.problems += [Problem("chunk", to_hex(name), detail, repaired=repair) for name in wrong]

    async def _check_file(self, record: FileRecord, report: FsckReport, repair: bool) -> None:
        name = to_hex(record.hash)
        try:
            found = await self._database.read(queries.find_xorbs, xorb_hashes(record.terms))
        except FormatError as error:
            report.problems.append(Problem("terms", name, f"the index of one of its xorbs is damaged: {error}"))
            return
        report.problems += [Problem("terms", name, text) for text in _faults(record, found)]
        known = await self._database.read(pages.xorbs_of_file, record.hash)
        if missing := {xorb.id for xorb in found.values()} - known:
            if repair:
                await self._database.write(pages.add_file_xorbs, record.hash, missing)
            detail = f"{len(missing)} of its xorbs do not count it"
            report.problems.append(Problem("reference", name, detail, repaired=repair))
        if record.sha256 is None and repair:
            await self._database.write(self._verifier.enqueue, record.hash)

    # --- scrub --------------------------------------------------------------------------------------------------------

    async def scrub(self, progress: Progress | None = None) -> ScrubReport:
        """Read and re-hash every xorb. A damaged one is flagged: reads of it fail until its bytes are uploaded again."""
        report = ScrubReport()
        _, total = await self._database.read(pages.count_xorbs)
        async for row in self._rows():
            xorb = queries.xorb_of(row)
            await self._scrub_xorb(xorb, report)
            report.xorbs += 1
            report.bytes += xorb.packed_length
            if progress is not None:
                progress(report.bytes, total)
        await self._scrub_cache(report)
        return report

    async def _scrub_xorb(self, xorb: StoredXorb, report: ScrubReport) -> None:
        try:
            await self._xorbs.verify(xorb)
        except CorruptBlob:
            report.damaged.append(to_hex(xorb.hash))
            if not xorb.damaged:
                await self._flag(xorb, now_ms())
        else:
            if xorb.damaged:
                report.healed.append(to_hex(xorb.hash))
                await self._flag(xorb, None)

    async def _scrub_cache(self, report: ScrubReport) -> None:
        for path in await asyncio.to_thread(self._cache.files):
            record = await self._database.read(queries.find_file, from_hex(path.name))
            if record is None or await asyncio.to_thread(_sha256, path) != record.sha256:
                self._cache.drop(from_hex(path.name))
                report.dropped_from_cache += 1

    # --- shared -------------------------------------------------------------------------------------------------------

    async def _flag(self, xorb: StoredXorb, moment: int | None) -> None:
        await self._database.write(pages.set_damaged, xorb.id, moment)
        self._xorbs.forget(xorb.hash)

    async def _rows(self) -> AsyncIterator[queries.AnyRow]:
        after = 0
        while rows := await self._database.read(pages.page_of_xorbs, after, PAGE):
            for row in rows:
                yield row
            after = rows[-1].id

    async def _files(self) -> AsyncIterator[FileRecord]:
        after = b""
        while records := await self._database.read(pages.page_of_files, after, PAGE):
            for record in records:
                yield record
            after = records[-1].hash


def _is_at(index: XorbIndex, name: bytes, position: int) -> bool:
    return 0 <= position < len(index) and index.chunk_hash(position) == name


def _faults(record: FileRecord, xorbs: dict[bytes, StoredXorb]) -> list[str]:
    faults = []
    for term in record.terms:
        xorb = xorbs.get(term.xorb_hash)
        if xorb is None:
            faults.append(f"xorb {to_hex(term.xorb_hash)} is gone")
        elif not term.end <= len(xorb.index) or xorb.index.unpacked_length(term.start, term.end) != term.length:
            faults.append(f"a term does not fit xorb {to_hex(term.xorb_hash)}")
    if total_length(record.terms) != record.size:
        faults.append(f"its terms have {total_length(record.terms)} bytes, not {record.size}")
    return faults


def _sha256(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError:
        return b""
