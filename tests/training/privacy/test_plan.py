"""From a specification to the mechanism that the run is."""

from typing import Any

import pytest

from commonground.errors import InvalidSpec
from commonground.training import options as training
from commonground.training.privacy.plan import plan_of

PRIVATE = {"epsilon": 3.0, "clip": 1.0, "rows": 60_000}


def spec(kind: str = "ps-sync", **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "options": {"epochs": 60, "batch": 64},
        "resources": {"workers": 4},
        "privacy": PRIVATE,
        **more,
    }


def test_in_lockstep_all_workers_make_one_step() -> None:
    plan = plan_of(spec())
    assert plan is not None
    assert (plan.sampling_rate, plan.steps) == (256 / 60_000, 60 * 235)
    assert plan.mechanism().noise_multiplier == pytest.approx(1.0, abs=0.05)


def test_asynchronously_every_push_is_a_step() -> None:
    plan = plan_of(spec("ps-async"))
    assert plan is not None
    assert (plan.sampling_rate, plan.steps) == (64 / 60_000, 4 * 60 * 235)


def test_steps_may_be_given() -> None:
    plan = plan_of(spec(options={"batch": 64, "steps": 1000}))
    assert plan is not None
    assert plan.steps == 1000


def test_a_federated_run_samples_clients() -> None:
    plan = plan_of(spec("federated", options={"clients": 100, "sample": 0.1, "rounds": 20}, privacy={"noise": 1.0}))
    assert plan is not None
    assert (plan.privacy.mode, plan.sampling_rate, plan.steps) == ("client", 0.1, 20)


def test_a_task_says_it_itself() -> None:
    plan = plan_of({"kind": "task", "privacy": {"noise": 1.1, "sampling_rate": 0.01, "steps": 10}})
    assert plan is not None
    assert (plan.sampling_rate, plan.steps) == (0.01, 10)


def test_more_rows_in_a_step_than_there_are_is_all_of_them() -> None:
    plan = plan_of(spec(privacy={**PRIVATE, "rows": 100}))
    assert plan is not None
    assert plan.sampling_rate == 1.0


def test_without_a_section_nothing_is_private() -> None:
    assert plan_of(spec(privacy={})) is None


@pytest.mark.parametrize(
    ("privacy", "reason"),
    [
        ({"epsilon": 3.0}, "rows is missing"),
        ({"rows": 10}, "either epsilon or noise"),
        ({"epsilon": 1.0, "noise": 1.0, "rows": 10}, "either epsilon or noise"),
        ({"epsilom": 1.0, "rows": 10}, "epsilom"),
        ({"epsilon": -1.0, "rows": 10}, "privacy.epsilon"),
        ({"epsilon": 1.0, "rows": 10, "delta": 1.0}, "privacy.delta"),
        ({"epsilon": 1.0, "rows": 10, "clip": 0}, "privacy.clip"),
    ],
)
def test_what_cannot_be_meant_is_named(privacy: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSpec, match=reason):
        plan_of(spec(privacy=privacy))


@pytest.mark.parametrize("options", [{"batch": "many"}, {"epochs": -1}, {"steps": 10**12}])
def test_options_that_are_no_numbers_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec, match="privacy"):
        plan_of(spec(options=options))


def test_an_epsilon_that_no_noise_reaches_is_refused() -> None:
    plan = plan_of(spec(privacy={**PRIVATE, "epsilon": 1e-9}))
    assert plan is not None
    with pytest.raises(InvalidSpec, match="no noise"):
        plan.mechanism()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"data": {"servers": 1}}, "draw their rows themselves"),
        ({"privacy": {**PRIVATE, "mode": "client"}}, "protects examples"),
    ],
)
def test_what_a_parameter_server_cannot_keep_private_is_refused(more: dict[str, Any], reason: str) -> None:
    whole: dict[str, Any] = {
        "entry": "train:build",
        "resources": {"workers": 4, "servers": 1},
        "fault": {},
        "outputs": {},
    }
    assert training.plan_of(spec(**whole), 0).private is not None
    with pytest.raises(InvalidSpec, match=reason):
        training.plan_of(spec(**whole, **more), 0)


@pytest.mark.parametrize("kind", ["all-reduce", "fine-tune", "mine"])
def test_of_other_kinds_nothing_is_assumed(kind: str) -> None:
    with pytest.raises(InvalidSpec, match="sampling_rate and steps are missing"):
        plan_of(spec(kind))
