"""Processes that each run one task at a time; what is done is a file, so a flow that was killed goes on where it was."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from pathlib import Path

from commonground.data.engines.engine import Progress
from commonground.data.execution import parcel as parcels
from commonground.data.execution.parcel import KEYS
from commonground.data.execution.stage import Reduction, Task
from commonground.data.execution.task import run_reduction, run_task
from commonground.errors import FlowEngineFailed

Call = tuple[Callable[..., None], tuple[object, ...]]
ATTEMPTS = 3
"""How often a task is tried whose process was killed."""


class LocalEngine:
    """``workers`` processes; any number gives the same result, also when it changes between two starts."""

    name = "local"

    def __init__(self, workers: int = 0, progress: Progress = lambda *_: None) -> None:
        self.workers, self.progress = workers or os.cpu_count() or 1, progress
        self._pool: ProcessPoolExecutor | None = None

    def map(self, tasks: Sequence[Task]) -> list[Path]:
        """Files of parcels, in the order of the tasks."""
        paths = [task.parcels for task in tasks]
        missing: list[Call] = [(_run, (task,)) for task in tasks if not task.parcels.exists()]
        self._all(tasks[0].stage.name if tasks else "", missing, len(tasks))
        return paths

    def exchange(self, given: Sequence[list[Path]], reduction: Reduction) -> list[Path]:
        """Files of parcels, in the order of partitions."""
        files = list(chain.from_iterable(given))
        partitions = range(reduction.partitions)
        missing: list[Call] = [
            (_reduce, (reduction, partition, files))
            for partition in partitions
            if not reduction.parcels(partition).exists()
        ]
        self._all(reduction.name, missing, reduction.partitions)
        return [reduction.parcels(partition) for partition in partitions]

    def collect(self, given: list[Path], channel: str) -> Iterator[bytes]:
        """One content after another, read from its file."""
        for path in given:
            yield from parcels.contents(path, channel)

    def close(self) -> None:
        """End the processes."""
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _all(self, name: str, calls: list[Call], total: int) -> None:
        """Make every call; those that were lost with a killed process again."""
        for attempt in range(ATTEMPTS):
            calls = self._round(name, calls, total)
            if not calls:
                return
            if attempt + 1 < ATTEMPTS:
                self.close()
        raise FlowEngineFailed(
            engine=self.name, reason=f"{len(calls)} tasks of {name} lost their process {ATTEMPTS} times"
        )

    def _round(self, name: str, calls: list[Call], total: int) -> list[Call]:
        """Make calls, few more at a time than there are processes; the ones that were lost."""
        todo, running = iter(calls), dict[Future[None], Call]()
        done = total - len(calls)
        self.progress(name, done, total)
        while True:
            while len(running) < 2 * self.workers and (call := next(todo, None)):
                running[self._executor().submit(call[0], *call[1])] = call
            if not running:
                return []
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                call = running.pop(future)
                try:
                    future.result()
                except BrokenProcessPool:
                    return [call, *running.values(), *todo]
                done += 1
                self.progress(name, done, total)

    def _executor(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, mp_context=multiprocessing.get_context("spawn"))
        return self._pool


def _run(task: Task) -> None:
    parcels.write(run_task(task), task.parcels)


def _reduce(reduction: Reduction, partition: int, files: list[Path]) -> None:
    channel = f"{KEYS}.{reduction.node}"
    contents = chain.from_iterable(parcels.contents(path, channel, partition) for path in files)
    parcels.write(run_reduction(reduction, partition, contents), reduction.parcels(partition))
