"""What a specification of the kind all-reduce may say."""

from typing import Any

import pytest

from commonground.errors import InvalidSpec
from commonground.training.all_reduce.options import DiLoCo, plan_of
from commonground.training.parameter_server.optimizer import SGD, Momentum

SPECIFICATION: dict[str, Any] = {
    "entry": "a:b",
    "outputs": {},
    "options": {},
    "ps": {},
    "privacy": {},
    "resources": {"workers": 2, "servers": 0},
    "fault": {"heartbeat": None, "timeout": 60.0},
}


def test_nothing_has_to_be_said() -> None:
    found = plan_of(SPECIFICATION, 7)
    assert (found.seed, found.optimizer, found.heartbeat, found.timeout) == (7, SGD(), 10.0, 60.0)
    assert found.options.outer is None


def test_the_optimizer_is_said_where_the_servers_of_other_kinds_are_told_of_it() -> None:
    ps = {"optimizer": "momentum", "lr": 0.3, "momentum": 0.5, "aggregate": "mean", "codec": "int8"}
    assert plan_of({**SPECIFICATION, "ps": ps}, 0).optimizer == Momentum(0.3, 0.5)


def test_local_steps_are_rounds_whose_outer_step_goes_all_the_way() -> None:
    found = plan_of({**SPECIFICATION, "options": {"local_steps": 8}}, 0)
    assert found.options.outer == DiLoCo(inner_steps=8, outer_learning_rate=1.0, outer_momentum=0.0)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"options": {"local_step": 2}}, "did you mean local_steps"),
        ({"options": {"local_steps": -1}}, "local_steps"),
        ({"options": {"local_steps": 2, "diloco": {}}}, "exclude each other"),
        ({"options": {"diloco": {"inner_steps": 0}}}, "inner_steps"),
        ({"options": {"diloco": {"outer_momentum": 1.0}}}, "outer_momentum"),
        ({"options": {"diloco": {"inner": 1}}}, "inner"),
        ({"ps": {"optimizer": "sgd", "momentum": 0.9}}, "momentum"),
        ({"ps": {"aggregate": "sum"}}, "takes the mean"),
        ({"resources": {"workers": 2, "servers": 1}}, "no servers"),
        ({"entry": None}, "entry"),
        ({"outputs": {"a": "x", "b": "y"}}, "one output"),
        ({"privacy": {"epsilon": 1.0}}, "privacy"),
    ],
)
def test_what_cannot_be_meant_is_named(section: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSpec, match=reason):
        plan_of({**SPECIFICATION, **section}, 0)
