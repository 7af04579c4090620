import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.planner.model import Link
from commonground.compute.planner.spec import read_workload
from commonground.compute.runs.spec import parse
from commonground.errors import InvalidSpec
from commonground.hub.cards.front_matter import parse_block

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "planner.md"

SPEC = """
name: digits
kind: ps-async
run: python train.py
resources: {workers: 4, servers: 2, cpus: 1, memory: 2GB}
ps: {codec: int8, chunk: 1MB, lr: 0.05, optimizer: adagrad, staleness: {bound: 8, scale: sqrt}}
plan: {parameters: 10M, batch: 64, fixed: 2ms, per_sample: 1ms, link: {bandwidth: 1Gbit, latency: 2ms}, deadline: 2h}
"""


def test_the_sections_of_a_spec_become_numbers() -> None:
    found = read_workload(SPEC)
    assert (found.kind, found.workers, found.servers, found.codec) == ("ps-async", 4, 2, "int8")
    assert (found.parameters, found.batch, found.fixed, found.per_sample) == (10e6, 64, 0.002, 0.001)
    assert (found.learning_rate, found.scale, found.optimizer, found.deadline) == (0.05, "sqrt", "adagrad", 7200)
    assert found.link == Link(latency=0.002, bandwidth=125e6)
    assert not found.shared


def test_the_example_of_the_page_can_be_planned_and_submitted() -> None:
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert read_workload(text).servers == 2
    assert parse(parse_block(text)).kind == "ps-sync"


def test_options_are_those_of_a_federated_round() -> None:
    text = "kind: federated\noptions: {epochs: 5, clients: 3, round_cost: 50ms}\nplan: {parameters: 1, flops: 1, epochs: 2}"
    found = read_workload(text)
    assert (found.kind, found.steps, found.clients, found.round_cost, found.epochs) == ("federated", 5, 3, 0.05, 2)


def test_without_a_link_all_processes_are_on_this_machine() -> None:
    assert read_workload("plan: {parameters: 1, flops: 1}").shared


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("plan: {parameters: 1, flops: 1, bacth: 3}", "the nearest is plan.batch"),
        ("plan: {parameters: 1, flops: 1, fixed: soon}", "plan.fixed"),
        ("plan: {flops: 1}", "plan.parameters"),
        ("plan: {parameters: 10M}", "fixed and per_sample"),
        ("plan: [1]", "mapping"),
        ("plan: {parameters: 1, flops: 1, link: 3}", "bandwidth and latency"),
        ("plan: {parameters: 1, flops: 1, link: {bandwidth: 0}}", "plan.link"),
        ("plan: {parameters: 0, flops: 1}", "> 0"),
        ("plan: {parameters: 1, flops: 1, batch: 1.5}", "whole number"),
        ("plan: {parameters: 1, flops: 1}\nresources: {workers: 1000000}", "workers"),
        ("plan: {parameters: 1, flops: 1}\nkind: magic", "magic"),
        ("plan: {parameters: 1, flops: 1}\nps: {codec: zip}", "zip"),
        ("plan: {", "YAML"),
    ],
)
def test_a_spec_that_does_not_fit_is_told_what_and_where(text: str, reason: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        read_workload(text)
    assert reason in str(caught.value)


@given(
    st.dictionaries(
        st.sampled_from(["parameters", "flops", "batch", "link", "x"]), st.none() | st.floats() | st.text(max_size=5)
    )
)
def test_any_section_is_read_or_refused(plan: dict[str, object]) -> None:
    with suppress(InvalidSpec):
        read_workload(json.dumps({"plan": plan}))
