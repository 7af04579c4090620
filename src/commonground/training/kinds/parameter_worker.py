"""A worker of a parameter-server run: gradients of its rows, step for step."""

import os
import sys
from collections.abc import Callable, Iterator

import numpy as np

from commonground.errors import InvalidSpec
from commonground.training.context import Context
from commonground.training.data_server import RemoteSource
from commonground.training.kinds.progress import Progress
from commonground.training.kinds.timing import Timing
from commonground.training.options import Plan
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.client import Worker
from commonground.training.parameter_server.downpour import Downpour
from commonground.training.privacy.poisson import PoissonSampler
from commonground.training.program import Batch, Indices, Program, Seeded, Source
from commonground.training.rendezvous import Rendezvous
from commonground.training.sampler import Sampler

_NO_ROWS: Indices = np.empty(0, np.int64)


def train(plan: Plan, context: Context, program: Program, rendezvous: Rendezvous, token: str) -> None:
    """Take part in a run from where the servers are to its end; worker 0 saves what it made.

    :class:`InvalidSpec` for a program that cannot be trained; ``ParameterServerLost`` where the run has to start again.
    """
    schedule = Schedule(plan, len(program.data))
    worker = _join(plan, context.rank, program, rendezvous, token)
    source = _source(plan, context.rank, program, rendezvous, token)
    Loop(plan, context.rank, program, worker, schedule, source).run(lambda: rendezvous.put("warm"))
    rendezvous.put(f"done.{context.rank}")
    if context.rank == 0:
        rendezvous.gather("done", range(plan.workers))
        if plan.mode == "async":
            worker.pull()
        np.copyto(program.parameters, worker.weights)
        Progress(context.rank).metrics(program, schedule.steps)
        for folder in context.outputs.values():
            program.save(folder)
    worker.close()
    if context.rank == 0:
        rendezvous.put("end")


class Schedule:
    """Which rows a worker takes in which step, how many steps there are, and after which parameters are evaluated."""

    def __init__(self, plan: Plan, rows: int) -> None:
        """:class:`InvalidSpec` where nothing says how many steps."""
        training = plan.training
        if not rows and training.steps is None:
            raise InvalidSpec(reason="the program has no rows: `options.steps` says how many steps to take")
        self._synchronous, self._workers, self._rows = plan.mode == "sync", plan.workers, rows
        self._sampler = Sampler(rows=max(1, rows), batch=training.batch, workers=plan.workers, seed=plan.seed)
        self._poisson = _poisson(plan, rows)
        self.steps = training.steps or training.epochs * self._sampler.steps
        if plan.private is not None:  # not one more than was accounted for
            self.steps = plan.private.steps // (1 if self._synchronous else plan.workers)
        self.evaluate_every = training.evaluate_every * (self._sampler.steps if rows else 1)

    def part(self, step: int, rank: int) -> tuple[Indices, float]:
        """What a worker trains on in a step, and how much its mean gradient counts beside the others': 1, but for the
        last step of an epoch, whose parts may differ.
        """
        if not self._rows:
            return _NO_ROWS, 1.0
        if self._poisson is not None:  # of no rows there is a gradient too: noise
            return self._poisson.part(step, rank if self._synchronous else 0), 1.0
        rows = self._sampler.part(step, rank)
        together = sum(len(self._sampler.part(step, other)) for other in range(self._workers))
        share = len(rows) * self._workers / together if self._synchronous else float(len(rows) > 0)
        return rows, share

    def batches(self, source: Source, begin: int, rank: int) -> Iterator[tuple[Batch, float]]:
        """What a worker trains on from a step on, read ahead where data servers do it."""
        if isinstance(source, RemoteSource):
            parts = (self.part(step, rank)[0] for step in range(begin, self.steps))
            source.expect(rows for rows in parts if len(rows))
        for step in range(begin, self.steps):
            rows, share = self.part(step, rank)
            yield source.read(rows) if len(rows) else {}, share


def _poisson(plan: Plan, rows: int) -> PoissonSampler | None:
    """What draws the rows of a private run. In lockstep each worker has rows of its own, else each draws from all."""
    if plan.private is None:
        return None
    workers = plan.workers if plan.mode == "sync" else 1
    return PoissonSampler(rows=rows, rate=plan.private.sampling_rate, workers=workers)


class Loop:
    """The steps of one worker."""

    def __init__(
        self, plan: Plan, rank: int, program: Program, worker: Worker, schedule: Schedule, source: Source
    ) -> None:
        self._plan, self._rank, self._program, self._worker = plan, rank, program, worker
        self._schedule, self._progress, self._source = schedule, Progress(rank), source
        self._timing = Timing()
        self._gradient, self._exchange, self._finish = _exchange_of(plan, worker)

    def run(self, warm: Callable[[], None]) -> None:
        """All steps that are left; ``warm`` is called when worker 0 was ahead of the others for long enough."""
        plan, steps = self._plan, self._schedule.steps
        begin = self._worker.step if plan.mode == "sync" else min(steps, self._worker.pushed * plan.servers.n_push)
        np.copyto(self._program.parameters, self._worker.weights)
        sys.stderr.write(f"process {os.getpid()}: steps {begin + 1} to {steps}\n")
        if self._rank == 0 and begin >= plan.servers.warm_start:
            warm()
        for step, (batch, share) in enumerate(self._batches(begin), begin):
            loss = self._step(step, batch, share)
            self._timing.step()
            self._progress.step(step + 1, loss, last=step + 1 == steps)
            if self._rank == 0 and step + 1 == plan.servers.warm_start:
                warm()
            if (step + 1) % self._schedule.evaluate_every == 0 and step + 1 < steps:
                self._progress.metrics(self._program, step + 1)
                self._timing.pause()
        self._finish()
        if self._rank == 0:
            self._timing.report(len(self._gradient), steps)

    def _batches(self, begin: int) -> Iterator[tuple[Batch, float]]:
        if self._plan.leases and isinstance(self._source, RemoteSource):
            return ((batch, 1.0) for batch in leased(self._source, self._plan.training.batch))
        return self._schedule.batches(self._source, begin, self._rank)

    def _step(self, step: int, batch: Batch, share: float) -> float | None:
        if isinstance(self._program, Seeded):
            self._program.seed(self._plan.seed, step, self._rank)
        self._timing.begin()
        loss = self._program.gradient(batch, self._gradient) if share else None
        self._timing.gradient()
        if not share:
            self._gradient[:] = 0
        elif share != 1:
            np.multiply(self._gradient, np.float32(share), out=self._gradient)
        np.copyto(self._program.parameters, self._exchange())
        return loss


def _join(plan: Plan, rank: int, program: Program, rendezvous: Rendezvous, token: str) -> Worker:
    """Meet the servers and the other workers; worker 0 brings the weights to begin with."""
    parameters = program.parameters
    if parameters.dtype != np.float32 or parameters.ndim != 1 or not parameters.flags.c_contiguous:
        raise InvalidSpec(reason="the parameters of the program are not one vector of float32")
    if rank == 0:
        rendezvous.put("size", len(parameters))
    worker = Worker(
        ",".join(rendezvous.gather("server", range(plan.shards))),
        rank,
        token,
        shared_memory=plan.servers.shared_memory,
        initial=parameters if rank == 0 else None,
    )
    rendezvous.put(f"ready.{rank}")
    rendezvous.gather("ready", range(plan.workers))
    if rank > 0:
        rendezvous.get("warm")
    return worker


def leased(source: RemoteSource, size: int) -> Iterator[Batch]:
    """Batches of what the data servers lend to this worker, until nothing is left."""
    while (lease := source.lease()) is not None:
        parts = [np.array(lease.rows[at : at + size], np.int64) for at in range(0, len(lease.rows), size)]
        source.expect(parts)
        for part in parts:
            yield source.read(part)


def _source(plan: Plan, rank: int, program: Program, rendezvous: Rendezvous, token: str) -> Source:
    if not plan.data.servers:
        return program.data
    return RemoteSource(
        lambda number: str(rendezvous.get(f"data.{number}")),
        plan.data.servers,
        token,
        rank,
        prefetch=plan.data.prefetch,
    )


def _exchange_of(plan: Plan, worker: Worker) -> tuple[Floats, Callable[[], Floats], Callable[[], None]]:
    """Where gradients are written to, what is done with one (the answer are the weights after it), and what after the last.
    Downpour's go on by themselves between exchanges, and push what is left in the end.
    """
    servers = plan.servers
    if servers.n_push * servers.n_fetch == 1:

        def exchange() -> Floats:
            worker.push_pull()
            return worker.weights

        return worker.gradient, exchange, lambda: None
    gradient = np.zeros(len(worker.weights), np.float32)
    rate = plan.options.optimizer.learning_rate
    downpour = Downpour(worker, rate, n_push=servers.n_push, n_fetch=servers.n_fetch)

    def accrue() -> Floats:
        downpour.step(gradient)
        return downpour.parameters

    return gradient, accrue, downpour.flush
