"""The worker: claims runs that fit into what this machine has left, and executes each under a lease it keeps alive."""

import asyncio
import os
import random
import socket
from collections.abc import Callable
from functools import reduce

import msgspec

from commonground.compute.kinds import SEARCH
from commonground.compute.runs.attempt import Attempt, Tools
from commonground.compute.runs.model import Capacity, Claim, Offer, Outcome
from commonground.compute.runs.queue_queries import SIGNAL
from commonground.compute.runs.search import Searches
from commonground.compute.runs.search_spec import ROOM
from commonground.database.signals import Signals
from commonground.errors import CommongroundError, DatabaseUnavailable, RunLost
from commonground.telemetry import logger

LEASE_SECONDS = 10.0
POLL_SECONDS = 1.0


class RunWorker:
    """Executes runs until :meth:`stop`. ``total`` is what it gives to them. An attempt whose lease is lost (the run was
    cancelled, or this process stood still for too long) is ended, and what it made thrown away.
    """

    def __init__(
        self,
        tools: Tools,
        total: Capacity,
        signals: Signals,
        searches: Searches,
        *,
        lease_seconds: float = LEASE_SECONDS,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._tools, self._total, self._signals, self._searches = tools, total, signals, searches
        self._lease, self._poll = lease_seconds, poll_seconds
        self.name = f"{socket.gethostname()}:{os.getpid()}:{random.getrandbits(32):08x}"
        self._active: dict[asyncio.Task[None], Claim] = {}
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more runs; those in progress are ended and handed back to the queue, to be taken up elsewhere."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until :meth:`stop`."""
        try:
            with self._signals.listen(SIGNAL) as woken:
                while not self._stopping.is_set():
                    woken.clear()
                    if not await self._start_next():
                        await self._pause(woken)
        finally:
            for attempt in self._active:
                attempt.cancel()
            await asyncio.gather(*self._active, return_exceptions=True)

    async def _start_next(self) -> bool:
        free = reduce(lambda left, claim: left - _needs(claim), self._active.values(), self._total)
        if free.slots < 1:
            return False
        offer = Offer(free=free, total=self._total, engines=tuple(self._tools.launchers))
        try:
            claim = await self._tools.runs.claim(self.name, offer, self._lease)
        except CommongroundError as error:
            logger().warning("the queue of runs does not answer", error=str(error))
            return False
        if claim is None:
            return False
        attempt = asyncio.create_task(self._execute(claim))
        self._active[attempt] = claim
        attempt.add_done_callback(self._active.pop)
        return True

    async def _pause(self, woken: asyncio.Event) -> None:
        """Until the queue changed here, an attempt ended, the worker stops, or it is time to look again."""
        waits = [asyncio.ensure_future(event.wait()) for event in (woken, self._stopping)]
        await asyncio.wait([*waits, *self._active], timeout=self._poll, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _execute(self, claim: Claim) -> None:
        lost = asyncio.Event()
        work = asyncio.create_task(self._work(claim))
        keeping = asyncio.create_task(self._keep(claim, work, lost.set))
        try:
            await self._tools.runs.finish(claim, await work)
        except RunLost:  # cancelled, or another worker's by now
            return
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait([work])
            if not lost.is_set():
                await self._release(claim)
        except CommongroundError as error:  # the lease ends by itself, then the run is tried again
            logger().error("the outcome of a run was not recorded", run=claim.run.id, error=str(error))
        finally:
            keeping.cancel()

    async def _work(self, claim: Claim) -> Outcome:
        if claim.run.kind == SEARCH:
            return await self._searches.drive(claim)
        return await Attempt(self._tools, claim).run()

    async def _release(self, claim: Claim) -> None:
        try:
            await self._tools.runs.release(claim)
        except CommongroundError as error:
            logger().warning("a run was not handed back", run=claim.run.id, error=str(error))

    async def _keep(self, claim: Claim, work: "asyncio.Task[Outcome]", lose: Callable[[], None]) -> None:
        """Keep the lease, and cancel the work when it is lost: at once if the run was cancelled in this process."""
        clock = asyncio.get_running_loop().time
        held_until = beat_at = clock() + self._lease
        beat_at -= self._lease * 2 / 3
        with self._signals.listen(SIGNAL) as woken:
            while True:
                await _wait(woken, min(self._poll, self._lease / 3))
                woken.clear()
                began = clock()
                try:
                    if began >= beat_at:
                        await self._tools.runs.beat(claim, self._lease)
                        held_until, beat_at = began + self._lease, began + self._lease / 3
                    else:
                        await self._tools.runs.held(claim)
                except DatabaseUnavailable:
                    if began < held_until:
                        continue
                    break
                except RunLost:
                    break
        lose()
        work.cancel()


def _needs(claim: Claim) -> Capacity:
    return ROOM if claim.run.kind == SEARCH else claim.run.spec.needs


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(woken.wait(), seconds)
    except TimeoutError:
        return


def machine(cpus: int = 0, memory: int = 0, gpus: int = 0, slots: int = 8, share: int = 1) -> Capacity:
    """What a worker gives to runs; 0 CPUs or bytes: all of this machine, divided by ``share`` processes."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = Capacity(
        cpus=float(cpus or usable),
        memory=memory or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        gpus=gpus,
        slots=slots,
    )
    if share == 1:
        return found
    return msgspec.structs.replace(
        found, cpus=max(1.0, found.cpus / share), memory=found.memory // share, gpus=gpus // share
    )
