"""Stages of a flow."""

from typing import Any

import pytest

from commonground.data.execution.planner import Plan, plan
from commonground.data.flows.document import parse
from commonground.errors import InvalidFlow


def planned(nodes: dict[str, Any]) -> Plan:
    return plan(parse({"nodes": nodes}))


def source(path: str = "a") -> dict[str, Any]:
    return {"source": "jsonl", "with": {"path": path}}


def once(*streams: str) -> dict[str, Any]:
    return {"processor": "exact_duplicates", "from": list(streams)}


def sink(*streams: str) -> dict[str, Any]:
    return {"sink": "parquet", "with": {"path": "out"}, "from": list(streams)}


def test_a_source_and_a_sink_are_one_stage() -> None:
    [only] = planned({"a": source(), "out": sink("a")}).stages
    assert only.stage.source
    assert only.stage.write
    assert only.reads == ("a",)


def test_a_keyed_filter_behind_a_source_reads_it_twice_and_counts_it_once() -> None:
    keys, rows = planned({"a": source(), "once": once("a"), "out": sink("once")}).stages
    assert (keys.reduces, keys.stage.store) == ("once", None)
    assert rows.applies == ("once",)
    assert (keys.stage.counts_source, rows.stage.counts_source) == (True, False)


def test_what_was_done_before_a_keyed_filter_is_done_once() -> None:
    first, second, third = planned({"a": source(), "b": once("a"), "c": once("b"), "out": sink("c")}).stages
    assert second.stage.store
    assert [step.node for step in second.stage.steps] == ["b"]
    assert third.reads == (second.stage.store.stream,)
    assert first.reduces == "b"


def test_several_streams_are_stored_and_read_one_after_another() -> None:
    a, b, out = planned({"a": source(), "b": source("b"), "out": sink("a", "b")}).stages
    assert a.stage.store == b.stage.store
    assert a.stage.store
    assert out.reads == (a.stage.store.stream,)


def test_a_stream_with_two_readers_is_made_once() -> None:
    nodes = {"a": source(), "b": once("a"), "one": sink("b"), "two": sink("b")}
    stages = planned(nodes).stages
    assert sum(step.node == "b" for one in stages for step in one.stage.steps) == 1


def test_a_side_stream_is_read_behind_the_stage_that_gives_it() -> None:
    nodes = {"a": source(), "b": once("a"), "why": sink("b.dropped"), "out": sink("b")}
    stages = planned(nodes).stages
    gives = next(index for index, one in enumerate(stages) if "b.dropped" in one.stage.stored_sides)
    reads = next(index for index, one in enumerate(stages) if one.reads == ("b.dropped",))
    assert gives < reads


def test_a_node_of_which_only_the_dropped_rows_are_read_runs_all_the_same() -> None:
    stages = planned({"a": source(), "b": once("a"), "why": sink("b.dropped")}).stages
    assert [one.stage.stored_sides for one in stages] == [(), ("b.dropped",), ()]


def test_a_missing_column_is_found_before_anything_is_read() -> None:
    with pytest.raises(InvalidFlow, match="needs the column body; there is id, text"):
        planned({"a": source(), "b": once("a") | {"with": {"column": "body"}}, "out": sink("b")})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "jsnol"}, "did you mean jsonl"),
        ({"with": {"paht": "a"}}, "did you mean path"),
        ({"with": {}}, "path"),
        ({"with": {"path": 3}}, "Expected `str`"),
    ],
)
def test_unknown_components_and_options_are_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidFlow, match=reason):
        planned({"a": source() | changes, "out": sink("a")})
