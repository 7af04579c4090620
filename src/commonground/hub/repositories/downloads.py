"""Counts downloads in memory, writes them every few seconds, and keeps the 30-day sum and the trending score."""

from collections import Counter
from collections.abc import Callable

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.hub.repositories import download_queries as queries
from commonground.hub.repositories.download_rules import Recent, counts
from commonground.hub.repositories.model import Repository

DAY = 86_400_000


class Downloads:
    """The download counters of one process. Call :meth:`flush` every few seconds and :meth:`refresh` every hour."""

    def __init__(self, database: Database, clock: Callable[[], int] = now_ms) -> None:
        self._database = database
        self._clock = clock
        self._recent = Recent()
        self._waiting: Counter[int] = Counter()

    def count(self, repository: Repository, path: str | None, caller: str) -> None:
        """Note that ``caller`` (an account or an address) was sent ``path``, or the whole repository (``None``)."""
        if counts(repository.kind, repository.library_name, path) and self._recent.is_new(
            repository.id, caller, self._clock()
        ):
            self._waiting[repository.id] += 1

    async def flush(self) -> int:
        """Write what was counted; the number of downloads. What cannot be written stays for the next time."""
        if not self._waiting:
            return 0
        taken, self._waiting = self._waiting, Counter()
        try:
            await self._database.write(queries.add, self._clock() // DAY, taken)
        except BaseException:
            self._waiting.update(taken)
            raise
        return taken.total()

    async def refresh(self) -> int:
        """Recompute 30-day downloads and trending scores; the number of repositories that changed."""
        day, changed = self._clock() // DAY, 0
        last = await self._database.read(queries.last_id)
        for first in range(1, last + 1, queries.BATCH):
            rows = await self._database.read(queries.changed_scores, day, first)
            if rows:
                await self._database.write(queries.set_scores, rows)
            changed += len(rows)
        return changed

    async def history(self, repository: Repository, days: int = 30) -> list[int]:
        """Downloads on each of the last ``days`` days, oldest first, today last."""
        today = self._clock() // DAY
        found = dict(await self._database.read(queries.history, repository.id, today - days))
        return [found.get(day, 0) for day in range(today - days + 1, today + 1)]
