"""The queue of runs, the same on every database: leases, fences, priority, fair share, gangs, backfill, retries, cancel."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from commonground.compute.runs import queries
from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.model import Capacity, Link, Offer, Outcome, Run, Spec
from commonground.compute.runs.queue_queries import Lease
from commonground.database import Database
from commonground.database.schema.accounts import account
from commonground.errors import RunLost
from tests.support.databases import database, postgres_cluster

__all__ = ["database", "postgres_cluster"]
LEASE = 10
MINUTE = 60_000
START = 1_000_000


class Queue:
    """The steps, with a clock that the test moves."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, START
        row = {"kind": "user", "name": "alice", "name_key": "alice", "created_at": 0}
        added = insert(account).values(row).returning(account.c.id)
        self.owner = database.write_now(lambda connection: connection.execute(added).scalar_one())

    def add(self, **values: Any) -> int:
        return self.database.write_now(queries.add, self.row(**values), (), ())

    def row(self, *, attempts: int = 2, group: str = "g", timeout: int = MINUTE, **values: Any) -> dict[str, Any]:
        row = {
            "owner_id": self.owner, "name": "r", "kind": "task", "engine": "local", "state": "queued", "seed": 1,
            "spec": msgspec.json.encode(Spec(run="true")).decode(), "priority": 0, "share": group, "cpus": 1.0,
            "memory": 0, "gpus": 0, "timeout": timeout, "last_attempt": attempts, "run_at": self.now, "created_at": self.now,
        }  # fmt: skip
        return {**row, **values}

    def claim(self, worker: str = "w", **free: Any) -> Lease | None:
        room = Capacity(**{"cpus": 4.0, "memory": 2**30, "gpus": 1, "slots": 100, **free})
        offer = Offer(free=room, total=Capacity(cpus=4.0, memory=2**30, gpus=1, slots=100))
        return self.database.write_now(steps.claim, worker, offer, LEASE, self.now)

    def claimed(self, worker: str = "w", **free: Any) -> Lease:
        lease = self.claim(worker, **free)
        assert lease is not None
        return lease

    def fail(self, lease: Lease, *, left: bool = True, **outcome: Any) -> str:
        made = Outcome(exit_code=1, error="broken", **outcome)
        return self.database.write_now(steps.retry, lease, made, self.now, left=left)

    def succeed(self, lease: Lease) -> None:
        self.database.write_now(steps.end, lease, "succeeded", Outcome(exit_code=0), self.now)

    def run(self, run_id: int) -> Run:
        found = self.database.read_now(queries.find, run_id)
        assert found is not None
        return found


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


def test_a_run_is_claimed_once(queue: Queue) -> None:
    run = queue.add()
    assert queue.claimed() == Lease(run, 1)
    assert queue.claim() is None
    found = queue.run(run)
    assert (found.state, found.attempt, found.worker, found.started_at) == ("running", 1, "w", START)


def test_the_cheap_question_answers_like_the_claim(queue: Queue) -> None:
    def ready() -> bool:
        return queue.database.read_now(steps.ready, queue.now)

    assert not ready()
    queue.add()
    assert ready()
    queue.claimed()
    assert not ready()
    queue.now += LEASE * 1000
    assert ready()


def test_a_run_whose_worker_is_gone_goes_to_another_and_the_late_one_is_refused(queue: Queue) -> None:
    run = queue.add()
    late = queue.claimed("first")
    queue.now += LEASE * 1000
    taken = queue.claimed("second")
    assert (taken, queue.run(run).attempt) == (Lease(run, 2), 2)
    for step in (
        lambda: queue.succeed(late),
        lambda: queue.fail(late),
        lambda: queue.database.write_now(steps.beat, late, LEASE, queue.now),
        lambda: queue.database.write_now(steps.hold, late),
        lambda: queue.database.write_now(steps.published, late, {"model": b"x" * 20}),
        lambda: queue.database.write_now(steps.describe, late, {}),
        lambda: queue.database.write_now(steps.release, late, queue.now),
    ):
        with pytest.raises(RunLost):
            step()
    queue.succeed(taken)
    assert queue.run(run).state == "succeeded"


def test_a_heartbeat_keeps_the_lease(queue: Queue) -> None:
    queue.add()
    lease = queue.claimed()
    queue.now += LEASE * 999
    queue.database.write_now(steps.beat, lease, LEASE, queue.now)
    queue.now += LEASE * 999
    assert queue.claim("other") is None


def test_a_run_that_outlives_its_last_worker_fails(queue: Queue) -> None:
    run = queue.add(attempts=1)
    queue.claimed()
    queue.now += LEASE * 1000
    assert queue.claim() is None
    found = queue.run(run)
    assert (found.state, found.error) == ("failed", "the worker of attempt 1 is gone")


def test_a_failed_attempt_waits_and_is_tried_again_until_none_is_left(queue: Queue) -> None:
    run = queue.add()
    assert queue.fail(queue.claimed(), cpu_seconds=1.5) == "queued"
    assert queue.claim() is None
    queue.now += 2000
    assert queue.fail(queue.claimed(), left=False, cpu_seconds=2.0) == "failed"
    found = queue.run(run)
    assert (found.state, found.attempt, found.cpu_seconds, found.exit_code) == ("failed", 2, 3.5, 1)


def test_a_final_failure_is_not_tried_again(queue: Queue) -> None:
    queue.add()
    assert queue.fail(queue.claimed(), final=True) == "failed"


def test_a_released_run_has_not_been_tried(queue: Queue) -> None:
    run = queue.add()
    queue.database.write_now(steps.release, queue.claimed(), queue.now)
    assert (queue.run(run).state, queue.run(run).attempt) == ("queued", 0)
    assert queue.claimed() == Lease(run, 2)


def test_cancelling_and_resuming(queue: Queue) -> None:
    run = queue.add()
    lease = queue.claimed()
    assert queue.database.write_now(steps.cancel, run, queue.now)
    assert not queue.database.write_now(steps.cancel, run, queue.now)
    with pytest.raises(RunLost):
        queue.succeed(lease)
    assert queue.run(run).state == "cancelled"
    assert queue.database.write_now(steps.resume, run, 3, queue.now)
    assert not queue.database.write_now(steps.resume, run, 3, queue.now)
    assert queue.claimed() == Lease(run, 2)
    assert (queue.run(run).attempt, queue.run(run).last_attempt) == (2, 5)


def test_priority_then_fair_share_then_age(queue: Queue) -> None:
    busy = [queue.add(group="busy") for _ in range(3)]
    calm = queue.add(group="calm")
    urgent = queue.add(group="busy", priority=1)
    order = [queue.claimed().run_id for _ in range(5)]
    assert order == [urgent, calm, *busy]


def test_fair_share_counts_cpus_in_use(queue: Queue) -> None:
    queue.add(group="a", cpus=3.0, priority=1)
    queue.add(group="b", cpus=1.0, priority=1)
    queue.claimed()
    queue.claimed()
    queue.add(group="a")
    second = queue.add(group="b")
    assert queue.claimed().run_id == second


def test_a_gang_waits_until_there_is_room_for_all_of_it(queue: Queue) -> None:
    gang = queue.add(cpus=4.0)
    assert queue.claim(cpus=3.0) is None
    assert queue.claimed(cpus=4.0).run_id == gang


def test_a_run_no_worker_of_this_size_can_hold_does_not_block_it(queue: Queue) -> None:
    queue.add(cpus=64.0)
    queue.add(gpus=8)
    queue.add(engine="slurm")
    small = queue.add()
    assert queue.claimed().run_id == small
    assert queue.claim() is None


def test_a_short_run_goes_ahead_only_where_it_cannot_delay_the_first(queue: Queue) -> None:
    queue.add(cpus=2.0, timeout=10 * MINUTE, priority=2)
    queue.claimed()
    gang = queue.add(cpus=4.0, priority=1)
    queue.add(cpus=1.0, timeout=11 * MINUTE)
    short = queue.add(cpus=1.0, timeout=9 * MINUTE)
    assert queue.claimed(cpus=2.0).run_id == short
    assert queue.claim(cpus=1.0) is None
    assert queue.run(gang).state == "queued"


def test_edges_logs_and_metrics_go_with_their_run(queue: Queue) -> None:
    run = queue.add()
    queue.database.write_now(queries.add_log, run, "stdout", ["a\n", "b\n"], queue.now)
    queue.database.write_now(queries.add_log, run, "stderr", ["c\n"], queue.now)
    blocks = queue.database.read_now(queries.logs, run, 1, 10)
    assert [(block.number, block.stream, block.text) for block in blocks] == [
        (2, "stdout", "b\n"),
        (3, "stderr", "c\n"),
    ]


def test_workers_that_ask_at_the_same_time_never_get_the_same_run(queue: Queue) -> None:
    runs = {queue.add(attempts=1) for _ in range(12)}
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda number: queue.claim(f"w{number}"), range(16)))
    found = [lease.run_id for lease in claimed if lease is not None]
    assert sorted(found) == sorted(runs)


def test_what_an_output_became_is_an_edge_of_the_lineage(queue: Queue) -> None:
    run = queue.add()
    link = Link(name="m", repository_id=5, path="a")
    other = queue.database.write_now(queries.add, {**queue.row(), "name": "other"}, (), (link,))
    leases = {lease.run_id: lease for lease in (queue.claimed(), queue.claimed())}
    queue.database.write_now(steps.published, leases[other], {"m": b"c" * 20})
    assert queue.run(other).outputs[0].commit == (b"c" * 20).hex()
    assert queue.database.read_now(queries.touching, "outputs", 5, b"c" * 20, 10) == [other]
    assert queue.database.read_now(queries.touching, "inputs", 5, b"c" * 20, 10) == []
    assert queue.run(run).outputs == ()


def test_a_run_that_published_is_over_when_its_worker_is_gone(queue: Queue) -> None:
    links = [Link(name=name, repository_id=5, path=name) for name in ("a", "b")]
    run = queue.database.write_now(queries.add, queue.row(), (), links)
    lease = queue.claimed()
    queue.database.write_now(steps.published, lease, {"a": b"c" * 20, "b": b"d" * 20})
    queue.now += LEASE * 1000 + 1
    assert queue.claim("other") is None
    assert (queue.run(run).state, queue.run(run).error) == ("succeeded", None)
    other = queue.database.write_now(queries.add, queue.row(), (), links)
    queue.database.write_now(steps.published, queue.claimed(), {"a": b"c" * 20})
    queue.now += LEASE * 1000 + 1
    assert queue.claimed("other").run_id == other


def test_trials_are_cancelled_with_their_search(queue: Queue) -> None:
    search = queue.add(kind="search", cpus=0.0)
    trials = [queue.add(parent_id=search) for _ in range(3)]
    other = queue.add(parent_id=search + 1000)
    queue.claimed()
    done = queue.claimed()
    queue.succeed(done)
    assert queue.database.write_now(steps.cancel, search, queue.now)
    assert [queue.run(run).state for run in trials] == ["succeeded", "cancelled", "cancelled"]
    assert (queue.run(search).state, queue.run(other).state) == ("cancelled", "queued")


def test_a_search_needs_no_room(queue: Queue) -> None:
    queue.add()
    search = queue.add(kind="search", cpus=0.0)
    queue.claimed()
    assert queue.claimed(cpus=0.0, memory=0, gpus=0, slots=0).run_id == search


def test_labels_and_files_are_replaced(queue: Queue) -> None:
    from commonground.compute.runs.model import Made

    run = queue.add()
    for labels in ({"a": "1", "b": "2"}, {"b": "3"}):
        queue.database.write_now(queries.set_labels, run, labels)
        assert queue.run(run).labels == labels
    for paths in (["x", "y"], ["z"]):
        made = [Made(output="o", path=path, sha256=b"h" * 32, size=1) for path in paths]
        queue.database.write_now(queries.set_files, run, made)
        assert queue.database.read_now(queries.files, run) == made
