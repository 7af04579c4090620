"""What the planner has to do with a run: choose its size before, compare and learn after."""

from pathlib import Path
from typing import Any

import pytest

from commonground.compute.planner import machine, profiles
from commonground.compute.planner.outcome import choose, compare
from commonground.errors import InvalidProfile, InvalidSpec
from tests.compute.planner.machines import profile

SPEC: dict[str, Any] = {"kind": "ps-sync", "resources": {"workers": 2, "servers": 1}, "options": {"batch": 32}}
MEASURED = {"parameters": 1e6, "gradient_seconds": 0.01, "step_seconds": 0.02}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "machine.json"
    profiles.save(profile(machine=machine.fingerprint()), found)
    return found


def test_a_finished_run_is_compared_and_learnt_from(path: Path) -> None:
    first = compare(path, SPEC, MEASURED)
    assert first is not None
    assert first.lower <= first.predicted <= first.upper
    assert first.measured == 0.02
    second = compare(path, SPEC, MEASURED)
    assert second is not None
    assert abs(second.predicted - 0.02) < abs(first.predicted - 0.02)


def test_a_run_over_sockets_is_not_compared_with_shared_memory(path: Path) -> None:
    memory, sockets = (compare(path, SPEC | {"ps": {"shared_memory": shared}}, MEASURED) for shared in (True, False))
    assert memory is not None
    assert sockets is not None
    assert sockets.communication > memory.communication


@pytest.mark.parametrize("missing", MEASURED)
def test_nothing_is_said_of_a_run_that_did_not_tell_its_figures(path: Path, missing: str) -> None:
    assert compare(path, SPEC, {name: value for name, value in MEASURED.items() if name != missing}) is None


def test_nothing_is_said_of_other_kinds_or_on_a_machine_that_was_not_measured(path: Path, tmp_path: Path) -> None:
    assert compare(path, SPEC | {"kind": "task"}, MEASURED) is None
    assert compare(tmp_path / "none.json", SPEC, MEASURED) is None


def test_the_planner_chooses_where_it_is_asked_to(path: Path) -> None:
    plan = {"parameters": "1M", "fixed": "10ms", "samples": 10_000, "maximize": "time", "max_workers": 8}
    chosen = choose(path, SPEC | {"plan": plan})
    assert chosen is not None
    assert chosen.workers == 8  # ten milliseconds of computation on a machine of 64 cores
    assert choose(path, SPEC | {"plan": {key: value for key, value in plan.items() if key != "maximize"}}) is None


def test_a_choice_needs_a_profile_and_a_readable_plan(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile, match="no such file"):
        choose(tmp_path / "none.json", SPEC | {"plan": {"maximize": "time"}})
    with pytest.raises(InvalidSpec, match="parameters"):
        choose(path, SPEC | {"plan": {"maximize": "time"}})
