"""Follows what workers report of a run: batches as they come, until the run has ended."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from commonground.accounts.model import Principal
from commonground.compute.runs.model import ENDED, LogBlock, Point
from commonground.compute.runs.queries import LOG_SIGNAL, METRIC_SIGNAL
from commonground.compute.runs.service import Runs
from commonground.database.signals import Signals

POLL = 1.0
"""Seconds after which what other processes wrote is looked for."""
BLOCKS = 16
"""Blocks read at a time: 1 MiB."""
POINTS = 1000

T_co = TypeVar("T_co", covariant=True)


class Reader(Protocol[T_co]):
    """Reads on where it stopped; ``caller`` may be renewed meanwhile."""

    runs: Runs
    run: int
    caller: Principal
    signal: str

    async def read(self) -> Sequence[T_co]:
        """What is there by now; :class:`RunNotFound` when the caller may no longer see the run."""
        ...


class LogReader:
    """Blocks of the log behind number ``after``."""

    signal = LOG_SIGNAL

    def __init__(self, runs: Runs, caller: Principal, run: int, after: int) -> None:
        self.runs, self.caller, self.run, self._after = runs, caller, run, after

    async def read(self) -> Sequence[LogBlock]:
        """The next blocks."""
        found = await self.runs.logs(self.caller, self.run, self._after, BLOCKS)
        self._after = found[-1].number if found else self._after
        return found


class MetricReader:
    """Values of metrics behind the id ``after``."""

    signal = METRIC_SIGNAL

    def __init__(self, runs: Runs, caller: Principal, run: int, after: int) -> None:
        self.runs, self.caller, self.run, self._after = runs, caller, run, after

    async def read(self) -> Sequence[Point]:
        """The next values."""
        found = await self.runs.metrics(self.caller, self.run, (), self._after, POINTS)
        self._after = found[-1].id if found else self._after
        return found


async def follow(signals: Signals, reader: Reader[T_co], poll: float = POLL) -> AsyncIterator[Sequence[T_co]]:
    """Batches as they come, and an empty one whenever all was read; about every ``poll`` seconds, so that a caller who
    does not want to wait can leave there. Ends behind the last batch of a run that has ended.
    """
    with signals.listen(reader.signal) as woken:
        while True:
            woken.clear()
            state = (await reader.runs.find(reader.caller, reader.run)).state  # before: nothing comes behind the end
            batch = await reader.read()
            if not batch and state in ENDED:
                return
            yield batch
            if not batch:
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), poll)
