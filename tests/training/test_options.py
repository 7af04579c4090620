"""What a specification says becomes types, or an error that names the place."""

from typing import Any

import msgspec
import pytest

from commonground.compute.runs.spec import parse
from commonground.errors import InvalidSpec
from commonground.training.options import HEARTBEAT, plan_of
from commonground.training.parameter_server import SGD, Adam


def plan(**more: Any) -> Any:
    document = {"kind": "ps-sync", "entry": "a:build", "resources": {"workers": 3, "servers": 2}, **more}
    return plan_of(msgspec.json.decode(msgspec.json.encode(parse(document))), 5)


def test_everything_has_a_default_but_the_entry() -> None:
    found = plan()
    assert (found.mode, found.workers, found.shards, found.seed, found.heartbeat) == ("sync", 3, 2, 5, HEARTBEAT)
    assert found.options.optimizer == SGD()
    assert found.options.aggregate == "sum"
    assert not found.options.elastic


def test_the_section_ps_is_what_the_planner_reads() -> None:
    ps = {"optimizer": "adam", "lr": 0.01, "codec": "int8", "chunk": "1MiB", "staleness": {"bound": 8, "scale": "sqrt"}}
    found = plan(kind="ps-async", ps=ps, fault={"heartbeat": "3s"})
    assert found.options.optimizer == Adam(0.01)
    assert (found.options.chunk, found.options.staleness_bound, found.options.staleness_scale) == (2**18, 8, "sqrt")
    assert found.options.heartbeat == found.heartbeat == 3


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"options": {"epoch": 1}}, "options has no epoch; did you mean epochs?"),
        ({"options": {"batch": 0}}, "options: .*batch"),
        ({"options": {"batch": "many"}}, "batch"),
        ({"ps": {"staleness": {"bund": 1}}}, "ps: .*bund"),
        ({"ps": {"staleness": {"bound": 1}}}, "of ps-async"),
        ({"ps": {"n_push": 2}}, "of ps-async"),
        ({"kind": "ps-async", "ps": {"aggregate": "mean"}}, "of ps-sync"),
        ({"ps": {"optimizer": "sgd", "momentum": 0.9}}, "has no momentum"),
        ({"ps": {"chunk": "much"}}, "ps.chunk is no size"),
        ({"ps": {"top_k": 2}}, "top_k"),
        ({"ps": {"lr": 0}}, "ps: .*lr"),
        ({"privacy": {"epsilon": 3}}, "privacy"),
        ({"outputs": {"a": "hub://a/b", "b": "hub://a/c"}}, "one output"),
        ({"resources": {"workers": 2}}, "resources.servers"),
        ({"entry": None, "run": "true"}, "entry"),
    ],
)
def test_what_cannot_be_meant_is_named(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSpec, match=reason):
        plan(**more)
