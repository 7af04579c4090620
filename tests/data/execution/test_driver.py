"""Flows run on the local engine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from commonground.data.engines.local.engine import LocalEngine
from commonground.data.execution.driver import Driver, Result, describe
from commonground.data.execution.planner import plan
from commonground.data.execution.task import stored_batches
from commonground.data.flows.document import parse
from commonground.data.sources.source import Split
from commonground.errors import GateFailed, SourceFailed


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine(2)
    yield engine
    engine.close()


def lines(path: Path, texts: list[str]) -> str:
    content = "".join(json.dumps({"id": str(index), "text": text}) + "\n" for index, text in enumerate(texts))
    path.write_text(content)
    return str(path)


def run(nodes: dict[str, Any], engine: LocalEngine, root: Path) -> Result:
    return Driver(plan(parse({"nodes": nodes})), engine, root).run()


def texts_in(folder: Path) -> list[str]:
    found = pq.read_table(folder).column("text").to_pylist()
    return [str(text) for text in found]


def once(tmp_path: Path, texts: list[str]) -> dict[str, Any]:
    return {
        "raw": {"source": "jsonl", "with": {"path": lines(tmp_path / "a.jsonl", texts)}},
        "once": {"processor": "exact_duplicates", "from": "raw"},
        "out": {"sink": "parquet", "with": {"path": str(tmp_path / "out")}, "from": "once"},
    }


def test_the_first_of_equal_texts_stays(engine: LocalEngine, tmp_path: Path) -> None:
    run(once(tmp_path, ["a", "b", "a ", "c", "b"]), engine, tmp_path / "work")
    assert texts_in(tmp_path / "out") == ["a", "b", "c"]


def test_every_dropped_row_says_why_and_for_which_row(engine: LocalEngine, tmp_path: Path) -> None:
    result = run(once(tmp_path, ["a", "b", "a"]), engine, tmp_path / "work")
    [dropped] = result.of_kind("dropped")
    [batch] = stored_batches(result.root, Split(path=dropped.path))
    assert batch.to_pylist() == [
        {
            "__row": 2,
            "id": "2",
            "processor": "once",
            "reason": "the same text",
            "score": 1.0,
            "reference": 0,
            "excerpt": "a",
        }
    ]


def test_what_went_through_is_counted_once(engine: LocalEngine, tmp_path: Path) -> None:
    result = run(once(tmp_path, ["a", "b", "a"]), engine, tmp_path / "work")
    numbers = describe(result)
    assert numbers["raw.rows_out"]["value"] == 3
    assert numbers["once.rows_in"]["value"] == 3
    assert numbers["once.rows_out"]["value"] == 2
    assert numbers["once.reasons"]["counts"] == {"the same text": 1}


def test_dropped_and_broken_rows_are_streams(engine: LocalEngine, tmp_path: Path) -> None:
    nodes = once(tmp_path, ["a", "a", "b"])
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write('{"text": 3\n')
    nodes["why"] = {"sink": "parquet", "with": {"path": str(tmp_path / "why")}, "from": "once.dropped"}
    nodes["bad"] = {"sink": "parquet", "with": {"path": str(tmp_path / "bad")}, "from": "raw.broken"}
    run(nodes, engine, tmp_path / "work")
    [dropped] = pq.read_table(tmp_path / "why").to_pylist()
    assert (dropped["id"], dropped["reason"]) == ("1", "the same text")
    [broken] = pq.read_table(tmp_path / "bad").to_pylist()
    assert broken["path"] == str(tmp_path / "a.jsonl")
    assert broken["offset"] == sum(len(line) + 1 for line in (tmp_path / "a.jsonl").read_text().splitlines()[:-1])


def test_what_is_done_is_not_done_again(engine: LocalEngine, tmp_path: Path) -> None:
    nodes = once(tmp_path, ["a", "b", "a"])
    first = run(nodes, engine, tmp_path / "work")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "work" / "tasks").iterdir()}
    again = run(nodes, engine, tmp_path / "work")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "work" / "tasks").iterdir()} == times
    assert describe(again) == describe(first)
    assert texts_in(tmp_path / "out") == ["a", "b"]


def test_a_source_that_changed_is_read_again(engine: LocalEngine, tmp_path: Path) -> None:
    run(once(tmp_path, ["a", "b", "a"]), engine, tmp_path / "work")
    run(once(tmp_path, ["x", "y", "x", "z"]), engine, tmp_path / "work")
    assert texts_in(tmp_path / "out") == ["x", "y", "z"]


def test_several_sources_are_read_one_after_another(engine: LocalEngine, tmp_path: Path) -> None:
    nodes = once(tmp_path, ["a", "b"])
    nodes["more"] = {"source": "jsonl", "with": {"path": lines(tmp_path / "b.jsonl", ["b", "c"])}}
    nodes["once"] = nodes["once"] | {"from": ["raw", "more"]}
    run(nodes, engine, tmp_path / "work")
    assert texts_in(tmp_path / "out") == ["a", "b", "c"]


def test_nothing_is_put_in_place_that_is_not_approved(engine: LocalEngine, tmp_path: Path) -> None:
    def refuse(_: Result) -> None:
        raise GateFailed(reason="too little was kept")

    driver = Driver(plan(parse({"nodes": once(tmp_path, ["a"])})), engine, tmp_path / "work")
    with pytest.raises(GateFailed):
        driver.run(approve=refuse)
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_not_there_is_named(engine: LocalEngine, tmp_path: Path) -> None:
    nodes = once(tmp_path, [])
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(SourceFailed, match=r"a\.jsonl"):
        run(nodes, engine, tmp_path / "work")


def test_a_flow_of_nothing_ends_with_an_empty_folder(engine: LocalEngine, tmp_path: Path) -> None:
    result = run(once(tmp_path, []), engine, tmp_path / "work")
    assert list((tmp_path / "out").iterdir()) == []
    assert result.metrics == {}
