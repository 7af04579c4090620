"""The document of a flow: two forms, one meaning."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.data.flows.document import document_of, parse, read
from commonground.data.flows.model import Flow, Gate, Stream
from commonground.errors import InvalidFlow

STEPS = """
name: small
steps:
- jsonl: a.jsonl
- exact_duplicates: {column: text}
- parquet: out
gates: ["kept.share >= 0.5"]
"""
NODES: dict[str, Any] = {
    "raw": {"source": "jsonl", "with": {"path": "a"}},
    "once": {"processor": "exact_duplicates", "from": "raw"},
    "out": {"sink": "parquet", "with": {"path": "out"}, "from": "once"},
}


def test_steps_are_nodes_that_take_in_the_one_before() -> None:
    flow = read(STEPS)
    assert list(flow.nodes) == ["jsonl", "exact_duplicates", "parquet"]
    assert flow.nodes["parquet"].inputs == (Stream("exact_duplicates"),)
    assert flow.nodes["jsonl"].options == {"path": "a.jsonl"}
    assert flow.gates == (Gate(metric="kept.share", operator=">=", threshold=0.5),)


def test_the_same_step_twice_gets_a_number() -> None:
    steps = [{"jsonl": "a"}, "exact_duplicates", "exact_duplicates", {"parquet": "b"}]
    assert list(parse({"steps": steps}).nodes) == ["jsonl", "exact_duplicates", "exact_duplicates_2", "parquet"]


def test_nodes_are_brought_into_an_order_in_which_inputs_come_first() -> None:
    assert list(parse({"nodes": dict(reversed(NODES.items()))}).nodes) == ["raw", "once", "out"]


def test_side_streams_are_named_behind_a_dot() -> None:
    why = {"sink": "parquet", "with": {"path": "why"}, "from": "once.dropped"}
    assert parse({"nodes": NODES | {"why": why}}).nodes["why"].inputs == (Stream("once", "dropped"),)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "either `steps` or `nodes`"),
        ({"steps": [], "nodes": {}}, "either `steps` or `nodes`"),
        ({"step": []}, "did you mean steps"),
        ({"steps": ["jsonl"]}, "at least a source and a sink"),
        ({"steps": [{"a": 1}, "b"]}, "a step is"),
        ({"nodes": NODES | {"out": {"sink": "parquet", "from": "onec"}}}, "did you mean once"),
        ({"nodes": NODES | {"out": {"sink": "parquet", "source": "jsonl"}}}, "has one of"),
        ({"nodes": NODES | {"out": {"sink": "parquet"}}}, "`from` is missing"),
        ({"nodes": NODES | {"raw": {"source": "jsonl", "from": "once"}}}, "wait for each other"),
        ({"nodes": NODES | {"out": {"sink": "parquet", "from": "raw.dropped"}}}, "gives no dropped"),
        ({"nodes": NODES | {"out": {"sink": "parquet", "from": "once.kept"}}}, "is no stream"),
        ({"nodes": {key: NODES[key] for key in ("raw", "once")}}, "at least one source and one sink"),
        ({"nodes": NODES | {"twice": {"processor": "exact_duplicates", "from": "raw"}}}, "nothing takes in"),
        ({"nodes": NODES, "gates": ["kept.share"]}, "a gate is"),
        ({"nodes": NODES, "gates": ["kept.share ~ 3"]}, "gate"),
        ({"nodes": NODES, "seed": "x"}, "seed"),
    ],
)
def test_what_does_not_fit_is_said(document: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidFlow, match=reason):
        parse(document)


@pytest.mark.parametrize("text", ["[1, 2", "- a", "a: &a [*a]", "x" * 300_000])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(InvalidFlow):
        read(text)


names = st.text(st.sampled_from("abcxyz_"), min_size=1, max_size=5)
values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists, max_leaves=4)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    nodes: dict[str, Any] = {"s": {"source": "jsonl", "with": draw(st.dictionaries(names, values, max_size=2))}}
    for index in range(draw(st.integers(0, 4))):
        given = draw(st.sampled_from([*nodes, *(f"{name}.dropped" for name in nodes if name != "s"), "s.broken"]))
        nodes[f"p{index}"] = {"processor": "x", "from": given}
    read_nodes = {str(node.get("from")).split(".")[0] for node in nodes.values()}
    ends = [name for name in nodes if name not in read_nodes]
    return parse({"nodes": nodes | {"out": {"sink": "y", "from": ends}}, "seed": draw(st.integers(0, 9))})


@given(flows())
def test_a_flow_is_read_back_as_it_was_written(flow: Flow) -> None:
    again = parse(document_of(flow))
    assert again == flow
    assert again.digest == flow.digest


def test_the_digest_is_of_what_the_flow_does() -> None:
    flow = read(STEPS)
    assert read(STEPS.replace("small", "other")).digest == flow.digest
    assert read(STEPS.replace("a.jsonl", "b.jsonl")).digest != flow.digest
