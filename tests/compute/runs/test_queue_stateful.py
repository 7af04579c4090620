"""The queue against a model: whatever workers, clocks, failures and cancellations do, a run has one holder and one end,
and nobody is ever given more than they have.
"""

import tempfile
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.queue_queries import Lease
from commonground.database import Database
from commonground.database.schema import metadata
from commonground.errors import RunLost
from tests.compute.runs.test_queue import LEASE, Queue

ATTEMPTS = 2


@dataclass
class Modelled:
    """What the model knows of a run."""

    cpus: float
    state: str = "queued"
    fence: int = 0
    attempt: int = 0
    last: int = ATTEMPTS
    lease_until: int = 0
    run_at: int = 0

    def lose(self, now: int, delay: int = 0) -> None:
        self.state, self.run_at = ("queued", now + delay) if self.attempt < self.last else ("failed", 0)


class RunQueue(RuleBasedStateMachine):
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{self._folder.name}/x.sqlite3")
        self.database.write_now(metadata.create_all)
        self.queue = Queue(self.database)
        self.model: dict[int, Modelled] = {}

    @rule(cpus=st.sampled_from([1.0, 2.0, 4.0]), priority=st.integers(0, 2))
    def submit(self, cpus: float, priority: int) -> None:
        run = self.queue.add(cpus=cpus, priority=priority, attempts=ATTEMPTS)
        assert run not in self.model
        self.model[run] = Modelled(cpus, run_at=self.queue.now)

    @rule(target=leases, cpus=st.sampled_from([0.0, 1.0, 3.0, 4.0]))
    def claim(self, cpus: float) -> Any:
        now = self.queue.now
        lease = self.queue.claim("w", cpus=cpus)
        for known in self.model.values():
            if known.state == "running" and known.lease_until <= now:
                known.lose(now)
        if lease is None:
            return multiple()
        run = self.model[lease.run_id]
        assert (run.state, lease.fence) == ("queued", run.fence + 1)
        assert run.run_at <= now
        assert run.cpus <= cpus
        run.state, run.fence, run.attempt = "running", lease.fence, run.attempt + 1
        run.lease_until = now + LEASE * 1000
        return lease

    def report(self, lease: Lease, step: Any) -> bool:
        """Whether the report was taken: exactly when the lease is the newest one and stands."""
        run = self.model[lease.run_id]
        if run.state == "running" and run.fence == lease.fence:
            step()
            return True
        with pytest.raises(RunLost):
            step()
        return False

    @rule(lease=leases)
    def beat(self, lease: Lease) -> None:
        if self.report(lease, lambda: self.database.write_now(steps.beat, lease, LEASE, self.queue.now)):
            self.model[lease.run_id].lease_until = self.queue.now + LEASE * 1000

    @rule(lease=consumes(leases))
    def succeed(self, lease: Lease) -> None:
        if self.report(lease, lambda: self.queue.succeed(lease)):
            self.model[lease.run_id].state = "succeeded"

    @rule(lease=consumes(leases))
    def fail(self, lease: Lease) -> None:
        run = self.model[lease.run_id]
        if self.report(lease, lambda: self.queue.fail(lease, left=run.attempt < run.last)):
            run.lose(self.queue.now, 1000)

    @rule(lease=consumes(leases))
    def release(self, lease: Lease) -> None:
        if self.report(lease, lambda: self.database.write_now(steps.release, lease, self.queue.now)):
            run = self.model[lease.run_id]
            run.state, run.attempt, run.run_at = "queued", run.attempt - 1, self.queue.now

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.model:
            run = data.draw(st.sampled_from(sorted(self.model)))
            lives = self.model[run].state in {"queued", "running"}
            assert self.database.write_now(steps.cancel, run, self.queue.now) is lives
            if lives:
                self.model[run].state = "cancelled"

    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        if self.model:
            run = data.draw(st.sampled_from(sorted(self.model)))
            known = self.model[run]
            dead = known.state in {"failed", "cancelled"}
            assert self.database.write_now(steps.resume, run, 1, self.queue.now) is dead
            if dead:
                known.state, known.last, known.run_at = "queued", known.attempt + 2, self.queue.now

    @rule(seconds=st.integers(1, 2 * LEASE))
    def wait(self, seconds: int) -> None:
        self.queue.now += seconds * 1000

    @invariant()
    def the_queue_is_what_the_model_says(self) -> None:
        for run, known in self.model.items():
            stored = self.queue.run(run)
            assert (stored.state, stored.attempt, stored.last_attempt) == (known.state, known.attempt, known.last)

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()


TestRunQueue = RunQueue.TestCase
TestRunQueue.settings = settings(max_examples=25, stateful_step_count=20, deadline=None, derandomize=True)
