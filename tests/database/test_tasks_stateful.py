"""The queue against a model: whatever workers, clocks and cancellations do, a task has one holder and one end."""

import tempfile
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from commonground.database import Database, tasks
from commonground.database import task_queries as queries
from commonground.database.schema import metadata
from commonground.database.tasks import Task
from commonground.errors import TaskLost

LEASE = 10
ATTEMPTS = 3


@dataclass
class Modelled:
    """What the model knows of a task."""

    key: str | None
    state: str = "waiting"
    fence: int = 0
    attempts: int = 0
    lease_until: int = 0
    again: bool = False

    def end(self, state: str) -> None:
        if self.again and state != "cancelled":
            self.state, self.attempts, self.again = "waiting", 0, False
        else:
            self.state, self.key, self.again = state, None, False


class Queue(RuleBasedStateMachine):
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{self._folder.name}/x.sqlite3")
        self.database.write_now(metadata.create_all)
        self.now = 1_000_000
        self.model: dict[int, Modelled] = {}

    def write(self, work: Any, *arguments: Any, **options: Any) -> Any:
        return self.database.write_now(work, *arguments, **options)

    @rule(key=st.none() | st.sampled_from("ab"))
    def enqueue(self, key: str | None) -> None:
        task_id = self.write(tasks.enqueue, "k", key=key, run_at=self.now, max_attempts=ATTEMPTS)
        same = [known for known, task in self.model.items() if key and task.key == key]
        if same:
            assert task_id == same[0]
            self.model[task_id].again = self.model[task_id].state == "running"
        else:
            assert task_id not in self.model
            self.model[task_id] = Modelled(key)

    @rule(target=leases)
    def claim(self) -> Any:
        free = {known for known, task in self.model.items() if task.state == "waiting"}
        expired = {known for known, task in self.model.items() if task.state == "running" and self.expired(task)}
        given_up = {known for known in expired if self.model[known].attempts >= ATTEMPTS}
        task = self.write(tasks.claim, "w", ("k",), LEASE / 1000, self.now)
        for known in given_up:
            stored = self.stored(known)
            if stored.state != "running":
                self.model[known].end("failed")
        if task is None:
            assert not free
            assert not expired - given_up
            return multiple()
        modelled = self.model[task.id]
        assert task.id in free | expired | {k for k in given_up if modelled.state == "waiting"}
        assert task.fence > modelled.fence
        modelled.state, modelled.fence = "running", task.fence
        modelled.attempts, modelled.lease_until = modelled.attempts + 1, self.now + LEASE
        assert task.attempts == modelled.attempts
        return task

    @rule(seconds=st.sampled_from([1, LEASE + 1, 10**8]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(lease=leases)
    def heartbeat(self, lease: Task) -> None:
        if self.attempt(lease, tasks.heartbeat, LEASE / 1000, self.now):
            self.model[lease.id].lease_until = self.now + LEASE

    @rule(lease=consumes(leases))
    def complete(self, lease: Task) -> None:
        if self.attempt(lease, tasks.complete, self.now):
            self.model[lease.id].end("done")

    @rule(lease=consumes(leases))
    def fail(self, lease: Task) -> None:
        if self.attempt(lease, tasks.fail, "boom", 0):  # the backoff counts from the beginning of time: due at once
            task = self.model[lease.id]
            if lease.attempts >= ATTEMPTS:
                task.end("failed")
            else:
                task.state = "waiting"

    @rule(lease=leases)
    def cancel(self, lease: Task) -> None:
        task = self.model[lease.id]
        assert self.write(tasks.cancel, lease.id, self.now) is (task.state in {"waiting", "running"})
        if task.state in {"waiting", "running"}:
            task.end("cancelled")

    def attempt(self, lease: Task, step: Any, *arguments: Any) -> bool:
        """Do a step; it succeeds exactly for the holder of the newest lease of a running task."""
        task = self.model[lease.id]
        holds = task.state == "running" and task.fence == lease.fence
        try:
            self.write(step, lease, *arguments)
        except TaskLost:
            assert not holds
            return False
        assert holds
        return True

    def expired(self, task: Modelled) -> bool:
        return task.lease_until <= self.now

    def stored(self, task_id: int) -> Task:
        found = self.database.read_now(tasks.find, task_id)
        assert found is not None
        return found

    @invariant()
    def the_database_agrees_with_the_model(self) -> None:
        for task_id, task in self.model.items():
            stored = self.stored(task_id)
            assert (stored.state, stored.key, stored.fence) == (task.state, task.key, task.fence)
        assert self.database.read_now(queries.waiting) == sum(t.state == "waiting" for t in self.model.values())

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()


Queue.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestQueue = Queue.TestCase
