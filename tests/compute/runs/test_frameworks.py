"""The environment that torchrun's and TensorFlow's scripts are written for."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from commonground.compute.runs import frameworks
from commonground.compute.runs.model import Fault, Resources, Run, Spec


def run(**resources: float) -> Run:
    spec = Spec(run="true", resources=Resources(**resources), fault=Fault(max_restarts=2))  # type: ignore[arg-type]
    return Run(id=7, name="n", kind="task", engine="local", state="running", owner="a", owner_id=1, spec=spec, seed=1)


def test_the_place_of_a_process_is_said_as_torchrun_says_it() -> None:
    found = frameworks.torchrun(run(workers=3), "worker", 2, 3)
    assert {name: found[name] for name in ("RANK", "LOCAL_RANK", "ROLE_RANK")} == dict.fromkeys(
        ("RANK", "LOCAL_RANK", "ROLE_RANK"), "2"
    )
    assert found["WORLD_SIZE"] == found["LOCAL_WORLD_SIZE"] == found["ROLE_WORLD_SIZE"] == "3"
    assert (found["TORCHELASTIC_RUN_ID"], found["TORCHELASTIC_MAX_RESTARTS"]) == ("7", "2")


def test_several_processes_share_the_processors_they_were_given() -> None:
    assert frameworks.tuning(run(workers=2, cpus=3.5).spec) == {"OMP_NUM_THREADS": "3"}
    assert frameworks.tuning(run(workers=2, cpus=0.5).spec) == {"OMP_NUM_THREADS": "1"}
    assert frameworks.tuning(run(workers=1).spec) == {}


def test_with_servers_the_first_worker_is_the_chief_of_the_cluster() -> None:
    found = {place: json.loads(told["TF_CONFIG"]) for place, told in frameworks.tensorflow(3, 2).items()}
    clusters = [told["cluster"] for told in found.values()]
    assert clusters == [clusters[0]] * 5
    assert {task: len(places) for task, places in clusters[0].items()} == {"ps": 2, "chief": 1, "worker": 2}
    assert len({place for places in clusters[0].values() for place in places}) == 5
    assert {place: (told["task"]["type"], told["task"]["index"]) for place, told in found.items()} == {
        ("server", 0): ("ps", 0),
        ("server", 1): ("ps", 1),
        ("worker", 0): ("chief", 0),
        ("worker", 1): ("worker", 0),
        ("worker", 2): ("worker", 1),
    }


def test_without_servers_all_are_workers_and_one_alone_has_no_cluster() -> None:
    found = frameworks.tensorflow(2, 0)
    assert [json.loads(told["TF_CONFIG"])["task"] for told in found.values()] == [
        {"type": "worker", "index": 0},
        {"type": "worker", "index": 1},
    ]
    assert frameworks.tensorflow(1, 0) == {}


def test_commands_that_wait_for_ever_end_with_the_chief(tmp_path: Path) -> None:
    spec = Spec(run='[ "$RANK" = 0 ] && sleep 0.4 || sleep 60', options={"ends_with": "chief"})
    processes = [
        subprocess.Popen(
            frameworks.command(spec, role, rank),
            cwd=tmp_path,
            env={**os.environ, "RANK": str(number)},
            start_new_session=True,
        )
        for number, (role, rank) in enumerate([("worker", 0), ("worker", 1), ("server", 0)])
    ]
    try:
        assert [process.wait(20) for process in processes] == [0, 0, 0]
    finally:
        for process in processes:
            with suppress(ProcessLookupError):  # in a run, the guard ends what a command leaves
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(("role", "rank"), [("worker", 0), ("worker", 1)])
def test_a_command_that_fails_fails_its_process(tmp_path: Path, role: str, rank: int) -> None:
    spec = Spec(run="exit 3", options={"ends_with": "chief"})
    assert subprocess.run(frameworks.command(spec, role, rank), cwd=tmp_path, check=False).returncode == 3
    assert not list(tmp_path.iterdir())
