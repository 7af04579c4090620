"""Records when a token was last used, without making the request wait for it."""

import asyncio

from commonground.accounts import queries
from commonground.database import Database
from commonground.errors import CommongroundError
from commonground.telemetry import logger

RESOLUTION = 60_000
"""Milliseconds: within this time of the recorded use, another is not recorded."""


class LastUsed:
    """Collects uses for ``delay`` seconds and writes them together; at most one row a token and minute is changed."""

    def __init__(self, database: Database, delay: float = 1.0) -> None:
        self._database = database
        self._delay = delay
        self._pending: dict[int, int] = {}
        self._flusher: asyncio.Task[None] | None = None

    def note(self, token_id: int, recorded: int | None, now: int) -> None:
        """A token was used at ``now``; ``recorded`` is the last use the database knows. Both in milliseconds."""
        if recorded is not None and now - recorded < RESOLUTION:
            return
        self._pending[token_id] = now
        loop = asyncio.get_running_loop()
        if self._flusher is None or self._flusher.done() or self._flusher.get_loop() is not loop:
            self._flusher = loop.create_task(self._flush_later())

    async def close(self) -> None:
        """Write what is pending, and end."""
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.wait({self._flusher})
        await self.flush()

    async def flush(self) -> None:
        """Write what is pending now. A failure is logged: a lost time of use harms nobody."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            await self._database.write(queries.touch_tokens, pending)
        except CommongroundError as error:
            logger().warning("token uses were not recorded", error=str(error))

    async def _flush_later(self) -> None:
        await asyncio.sleep(self._delay)
        await self.flush()
