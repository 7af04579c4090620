"""The loop: batches in, one update of every worker's copy out, again and again."""

import sys

import numpy as np

from commonground.training.all_reduce.checkpoint import Checkpoints
from commonground.training.all_reduce.group import Group
from commonground.training.all_reduce.options import Plan
from commonground.training.all_reduce.replica import Replica
from commonground.training.all_reduce.schedule import Schedule, passed
from commonground.training.kinds.progress import Progress
from commonground.training.kinds.timing import Timing
from commonground.training.program import Program, Seeded


class Trainer:
    """Trains ``program`` with the other workers of ``group``. What comes out follows, bit for bit, from the plan,
    however often the training was interrupted; ``checkpoints`` are worker 0's alone where the copies do not differ.
    """

    def __init__(self, program: Program, group: Group, plan: Plan, checkpoints: Checkpoints) -> None:
        self._program, self._group, self._plan, self._checkpoints = program, group, plan, checkpoints
        self._outer = plan.options.outer
        self._replica = Replica(program.parameters, plan.optimizer, self._outer)
        self._schedule = Schedule(plan.options, program.data, workers=group.workers, seed=plan.seed)
        self._sum = np.zeros(program.parameters.size + 1, np.float32)  # what is added up: a vector, and the loss
        self._vector = self._sum[:-1]
        self._timing = Timing()
        self.steps = self._schedule.steps

    def run(self) -> None:
        """Train to the end, from the newest checkpoint if there is one."""
        done, every = self._restore(), self._plan.options.checkpoint_every
        progress = Progress(self._group.rank)
        self._timing.pause()
        while done < self.steps:
            begun, done = done, min(done + self._round_length(done), self.steps)
            loss = self._round(begun, done)
            self._timing.step()
            progress.step(done, loss, last=done == self.steps)
            if done == self.steps or passed(begun, done, self._schedule.evaluate_every):
                progress.metrics(self._program, done)
            if every and (done == self.steps or passed(begun, done, every)):
                self._save(done)
            self._timing.pause()
        if self._group.rank == 0 and self._outer is None:  # a round of many steps is none of the planner's
            self._timing.report(self._vector.size, self.steps)

    def _round_length(self, done: int) -> int:
        """Steps until the workers' copies are the same again."""
        return self._outer.inner_steps - done % self._outer.inner_steps if self._outer else 1

    def _round(self, begun: int, done: int) -> float:
        """Train from one step to another; the mean loss."""
        if self._outer is None:
            return self._step(begun)
        self._replica.anchor()
        loss = sum(self._alone(step) for step in range(begun, done))
        self._vector[...] = self._program.parameters
        self._sum[-1] = loss / sum(map(self._schedule.rows, range(begun, done)))
        self._group.add(self._sum)
        self._vector /= self._group.workers
        self._replica.outer_step(self._vector)
        return float(self._sum[-1])

    def _step(self, step: int) -> float:
        """One step of all workers together. A gradient weighs as much as its rows, so that the last, smaller step of an
        epoch also is the mean over them.
        """
        loss, rows = self._gradient(step)
        self._sum[-1] = loss
        self._sum *= np.float32(rows / self._schedule.rows(step))
        self._group.add(self._sum)
        self._replica.update(self._vector, step + 1, self._factor(step))
        return float(self._sum[-1])

    def _alone(self, step: int) -> float:
        """One step of this worker by itself; its loss times its rows, of which there may be none."""
        loss, rows = self._gradient(step)
        if rows:
            self._replica.update(self._vector, step + 1, self._factor(step))
        return loss * rows

    def _gradient(self, step: int) -> tuple[float, int]:
        """The gradient of this worker, into the vector, with its loss and its rows; zeros if there is none."""
        batch, rows = self._schedule.part(step, self._group.rank)
        if batch is None:
            self._vector[...] = 0
            return 0.0, 0
        if isinstance(self._program, Seeded):
            self._program.seed(self._plan.seed, step, self._group.rank)
        self._timing.begin()
        loss = self._program.gradient(batch, self._vector)
        self._timing.gradient()
        return loss, rows

    def _factor(self, step: int) -> float:
        return 1 - step / self.steps if self._plan.options.decay else 1.0

    def _save(self, step: int) -> None:
        """Keep the copy; where the workers' are the same, worker 0 does."""
        if self._outer or self._group.rank == 0:
            self._checkpoints.save(step, self._replica.vectors())

    def _restore(self) -> int:
        """Continue from the newest checkpoint that all can continue from; the steps that are done."""
        vectors, group = self._replica.vectors(), self._group
        step, stored = self._checkpoints.newest(vectors)
        while self._outer and group.least(step) != -group.least(-step):
            step, stored = self._checkpoints.newest(vectors, most=group.least(step))
        for name in stored:
            vectors[name][...] = stored[name]
        if self._outer is None:
            step = group.least(step if group.rank == 0 else 2**62)
        for vector in vectors.values() if self._outer is None else [self._program.parameters]:
            group.spread(vector)
        if step and group.rank == 0:
            sys.stdout.write(f"continued from step {step} of {self.steps}\n")
        return step
