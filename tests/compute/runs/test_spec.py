"""Specifications: what is written is what is meant, or an error that says what to change."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.runs.model import Capacity, Fault, Resources, Secret, Spec
from commonground.compute.runs.spec import parse, read
from commonground.errors import InvalidSpec

FULL = """
name: digits
run: python train.py
inputs: {data: hub://datasets/alice/digits@v1}
outputs: {model: hub://models/alice/digits}
environment: {EPOCHS: "3", TOKEN: {secret: token}}
resources: {workers: 4, servers: 2, cpus: 1.5, memory: 2GB}
fault: {max_restarts: 1, heartbeat: 500ms, timeout: 2h}
queue: {priority: 3, group: team}
seed: 7
"""


def test_a_document_becomes_a_specification() -> None:
    spec = parse(read(FULL))
    assert (spec.name, spec.kind, spec.engine, spec.seed) == ("digits", "task", "local", 7)
    assert spec.environment == {"EPOCHS": "3", "TOKEN": Secret("token")}
    assert spec.resources == Resources(workers=4, servers=2, cpus=1.5, memory=2_000_000_000)
    assert spec.needs == Capacity(cpus=9, memory=12_000_000_000)
    assert spec.fault == Fault(max_restarts=1, heartbeat=0.5, timeout=7200)
    assert (spec.queue.priority, spec.queue.group) == (3, "team")


def test_everything_but_what_to_do_has_a_default() -> None:
    assert parse({"run": "true"}) == Spec(run="true")
    assert parse({"entry": "package.train:build"}).entry == "package.train:build"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "either `run`"),
        ({"run": "a", "entry": "b:c"}, "either `run`"),
        ({"run": "a", "resorces": {}}, "did you mean resources?"),
        ({"run": "a", "resources": {"worker": 2}}, "did you mean resources.workers?"),
        ({"run": "a", "fault": {"zzz": 2}}, "known are max_restarts, heartbeat, timeout"),
        ({"run": "a", "resources": {"workers": 0}}, "$.resources.workers"),
        ({"run": "a", "resources": {"memory": "2 apples"}}, "resources.memory is no size"),
        ({"run": "a", "fault": {"timeout": "soon"}}, "fault.timeout is no duration"),
        ({"run": "a", "fault": {"timeout": "9999999d"}}, "too large"),
        ({"run": "a", "fault": {"timeout": 0}}, "fault.timeout"),
        ({"run": "a", "inputs": {"no-name": "hub://a/b"}}, "inputs"),
        ({"run": "a", "environment": {"A": 3}}, "environment"),
        ({"run": "a", "environment": {"A=B": "x"}}, "environment"),
        ({"run": "a\0b"}, "NUL"),
        ({"run": "a", "options": {"x": "y" * 300_000}}, "larger"),
        ({"entry": "no function"}, "entry"),
    ],
)
def test_what_does_not_fit_is_named(document: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSpec) as error:
        parse(document)
    assert reason.removeprefix("$.") in str(error.value)


@pytest.mark.parametrize(
    "text", ["- a", "a: [", "!!python/object/apply:os.system [x]", "x: " + "[" * 3000, "a" * 300_000]
)
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpec):
        read(text)


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*Spec.__struct_fields__, "x", "\ud800"]), _plain))
def test_any_data_is_a_specification_or_a_named_error(document: dict[str, Any]) -> None:
    with suppress(InvalidSpec):
        assert isinstance(parse(document), Spec)
