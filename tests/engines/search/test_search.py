"""Searches with optuna: trials are runs, the best one's outputs are published, and a crash loses nothing."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bench.server import TOKEN, USER, Server

from commonground.gateways.native.wire_runs import Run
from commonground.sdk.hub import Hub
from tests.engines.conftest import HOME

# The loss is (x - 3)^2 + 1; what a trial leaves is its x.
TRIAL = """
echo "$CG_PARAMETER_X" > $CG_OUTPUT_MODEL/x
awk -v x="$CG_PARAMETER_X" 'BEGIN { printf "{\\"key\\": \\"loss\\", \\"value\\": %f}\\n", (x - 3) * (x - 3) + 1 }' >&3
"""
STEPS = """
for step in 1 2 3 4 5 6 7 8 9; do
  awk -v x="$CG_PARAMETER_X" -v s=$step 'BEGIN { printf "{\\"key\\": \\"loss\\", \\"value\\": %f, \\"step\\": %d}\\n", x / s, s }' >&3
  sleep 0.4
done
echo "$CG_PARAMETER_X" > $CG_OUTPUT_MODEL/x
"""
SPACE = {"x": {"low": -10, "high": 10}}


class SearchServer(Server):
    """A server whose worker has the group's packages."""

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"CG_RUNS_BY": "users"}


@pytest.fixture
def server() -> Iterator[SearchServer]:
    with SearchServer(python=str(HOME / "venv" / "bin" / "python")) as running:
        yield running


@pytest.fixture
def hub(server: SearchServer) -> Iterator[Hub]:
    with Hub(server.url, TOKEN) as client:
        client.create_repository(f"{USER}/best")
        yield client


def submit(hub: Hub, command: str = TRIAL, fault: dict[str, Any] | None = None, **options: Any) -> Run:
    template = {"run": command, "fault": {"max_restarts": 0}, "resources": {"cpus": 0.2}}
    return hub.submit_run(
        {
            "name": "seek", "kind": "search", "seed": 7, "outputs": {"model": f"hub://{USER}/best"},
            "fault": fault or {}, "options": {"space": SPACE, "metric": "loss", "template": template, **options},
        }
    )  # fmt: skip


def finished(hub: Hub, run: Run) -> Run:
    log = "".join(block.text for block in hub.list_run_logs(run.id))
    found = hub.get_run(run.id)
    assert found.state == "succeeded", (found.error, log)
    return found


def until(reached: Callable[[], Any], seconds: float = 60) -> Any:
    give_up = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    return found


def losses(hub: Hub, search: Run) -> dict[int, float]:
    """The last loss of every trial that succeeded."""
    trials = [run for run in hub.list_runs(parent=search.id) if run.state == "succeeded"]
    return {run.id: list(hub.list_run_metrics(run.id))[-1].value for run in trials}


@pytest.mark.engine("search")
@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_the_best_trial_is_published(hub: Hub, sampler: str) -> None:
    search = finished(hub, submit(hub, trials=6, parallel=3, sampler=sampler))
    trials = list(hub.list_runs(parent=search.id))
    assert sorted(int(run.labels["trial"]) for run in trials) == [1, 2, 3, 4, 5, 6]
    assert {run.state for run in trials} == {"succeeded"}
    assert len({run.spec["options"]["x"] for run in trials}) == 6
    found = losses(hub, search)
    best = hub.get_run(min(found, key=lambda run: found[run]))
    assert hub.read_file(f"{USER}/best/x").decode().strip() == str(best.spec["options"]["x"])
    assert search.outputs[0].commit == hub.get_repository(f"{USER}/best").head
    assert [run.outputs[0].commit for run in trials] == [None] * 6
    assert len(list(hub.list_commits(f"{USER}/best"))) == 2


@pytest.mark.engine("search")
def test_the_same_seed_proposes_the_same(hub: Hub) -> None:
    proposed = []
    for _ in range(2):
        search = finished(hub, submit(hub, trials=3, parallel=1))
        proposed.append([run.spec["options"]["x"] for run in hub.list_runs(parent=search.id)])
    assert proposed[0] == proposed[1]
    head = hub.get_repository(f"{USER}/best").head
    again = finished(hub, hub.replay_run(search.id))
    assert again.verdict is not None
    assert (again.verdict.identical, again.verdict.files) == (True, 1)
    assert hub.get_repository(f"{USER}/best").head == head


@pytest.mark.engine("search")
def test_halving_ends_what_is_behind(hub: Hub) -> None:
    space = {"x": {"choices": [1, 50, 60, 70]}}
    search = finished(hub, submit(hub, STEPS, trials=8, parallel=4, pruner="halving", space=space))
    trials = list(hub.list_runs(parent=search.id))
    ended = [run for run in trials if run.state == "cancelled"]
    assert ended
    assert all(run.labels["pruned"] == "true" for run in ended)
    best = min(losses(hub, search).values())
    assert all(run.spec["options"]["x"] / 9 >= best for run in ended)


@pytest.mark.engine("search")
def test_a_search_outlives_its_worker(hub: Hub, server: SearchServer) -> None:
    search = submit(hub, f"sleep 1; {TRIAL}", trials=4, parallel=1)
    until(lambda: losses(hub, search))
    server.kill()
    server.start()
    found = finished(hub, search)
    trials = list(hub.list_runs(parent=search.id))
    assert sorted(int(run.labels["trial"]) for run in trials) == [1, 2, 3, 4]
    assert found.outputs[0].commit == hub.get_repository(f"{USER}/best").head


@pytest.mark.engine("search")
def test_trials_end_with_the_search_and_go_on_with_it(hub: Hub) -> None:
    search = submit(hub, f"sleep 1; {TRIAL}", trials=3, parallel=2)
    until(lambda: losses(hub, search))
    hub.cancel_run(search.id)
    assert not [run for run in hub.list_runs(parent=search.id) if run.state in {"queued", "running"}]
    hub.resume_run(search.id)
    finished(hub, search)
    assert len(losses(hub, search)) == 3


@pytest.mark.engine("search")
def test_a_search_whose_trials_all_fail_fails(hub: Hub) -> None:
    search = submit(hub, "exit 1", trials=2)
    list(hub.list_run_logs(search.id))
    found = hub.get_run(search.id)
    assert (found.state, found.error, found.attempt) == ("failed", "no trial succeeded and reported loss", 1)


@pytest.mark.engine("search")
def test_a_search_has_a_timeout(hub: Hub) -> None:
    search = submit(hub, "sleep 1000", trials=2, fault={"timeout": "3s", "max_restarts": 0})
    list(hub.list_run_logs(search.id))
    assert "timeout" in (hub.get_run(search.id).error or "")
    assert {run.state for run in hub.list_runs(parent=search.id)} == {"cancelled"}
