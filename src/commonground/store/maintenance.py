"""What an administrator does to a store: fsck, scrub and gc."""

from commonground.settings import Settings
from commonground.store.checks import Checks, FsckReport, Problem, Progress, ScrubReport
from commonground.store.collection import Collector, GcReport
from commonground.store.service import Store

__all__ = ["FsckReport", "GcReport", "Maintenance", "Problem", "Progress", "ScrubReport"]


class Maintenance:
    """The upkeep of one :class:`Store`; safe while it is in use, also by other processes."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._checks = Checks(store.database, store.backend, store.xorbs, store.verifier, store.cache)
        self._collector = Collector(store.database, store.backend, store.xorbs, store.cache)
        self._grace = settings.upload_lease_seconds

    async def fsck(self, *, repair: bool = False) -> FsckReport:
        """Check that everything recorded is there and adds up; see :meth:`Checks.fsck`."""
        return await self._checks.fsck(repair=repair)

    async def scrub(self, progress: Progress | None = None) -> ScrubReport:
        """Re-hash every stored byte; see :meth:`Checks.scrub`."""
        return await self._checks.scrub(progress)

    async def gc(self, *, dry_run: bool = False, grace: float | None = None) -> GcReport:
        """Free what is unused for ``grace`` seconds (default: ``upload_lease_seconds``); see :meth:`Collector.gc`."""
        return await self._collector.gc(dry_run=dry_run, grace=self._grace if grace is None else grace)
