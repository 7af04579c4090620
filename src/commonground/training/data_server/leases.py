"""Shares of the rows that are lent to workers: who is quick takes more, and what a lost worker held is lent again."""

import threading
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from commonground.training.program import Indices


class Lease(msgspec.Struct, frozen=True):
    """Part ``number`` of an epoch: rows to train on, in this order."""

    epoch: int
    number: int
    rows: list[int]


class Record:
    """Remembers in a file which parts are done, so that a data server that is started again does not lend them anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> set[tuple[int, int]]:
        """Epochs and numbers; a line that was cut off is a part that is done again."""
        found = set()
        with suppress(OSError):
            for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
                epoch, _, number = line.partition(" ")
                if epoch.isdecimal() and number.isdecimal():
                    found.add((int(epoch), int(number)))
        return found

    def add(self, lease: Lease) -> None:
        """One more; a disk that takes it not costs that a part may be done again, not the run."""
        with suppress(OSError), self._path.open("a", encoding="ascii") as file:
            file.write(f"\n{lease.epoch} {lease.number}\n")


class Leases:
    """Lends the rows of ``epochs`` epochs, each permuted anew, in parts of ``size``. An epoch begins when all of the one
    before is lent. A part counts as trained on when its worker comes back for the next one.
    """

    def __init__(self, rows: int, size: int, epochs: int, seed: int, record: Record | None = None) -> None:
        self._rows, self._size, self._epochs, self._seed = rows, size, epochs, seed
        self._record = record
        self._before = record.read() if record else set()
        self._lock = threading.Lock()
        self._free: deque[Lease] = deque()
        self._held: dict[int, Lease] = {}
        self._next_epoch = 0
        self.done = 0
        """Rows that were trained on."""

    def take(self, worker: int) -> Lease | None:
        """The next part, when what the worker held is done; ``None`` when nothing is left to lend."""
        with self._lock:
            finished = self._held.pop(worker, None)
            if finished is not None:
                self._finish(finished)
            while not self._free and self._next_epoch < self._epochs:
                self._free.extend(self._parts(self._next_epoch))
                self._next_epoch += 1
            if not self._free:
                return None
            self._held[worker] = self._free.popleft()
            return self._held[worker]

    def lost(self, worker: int) -> None:
        """The worker is gone: what it held is lent first."""
        with self._lock:
            held = self._held.pop(worker, None)
            if held is not None:
                self._free.appendleft(held)

    @property
    def over(self) -> bool:
        """Whether every row of every epoch was trained on."""
        with self._lock:
            return not self._free and not self._held and self._next_epoch == self._epochs

    def _finish(self, lease: Lease) -> None:
        self.done += len(lease.rows)
        if self._record is not None:
            self._record.add(lease)

    def _parts(self, epoch: int) -> list[Lease]:
        order: Indices = np.random.default_rng((self._seed, epoch)).permutation(self._rows)
        return [
            Lease(epoch, number, order[at : at + self._size].tolist())
            for number, at in enumerate(range(0, self._rows, self._size))
            if (epoch, number) not in self._before
        ]
