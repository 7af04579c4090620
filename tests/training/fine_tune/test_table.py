"""Rows of a data set: which files, which columns, which are held out."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from commonground.errors import UnsuitableData
from commonground.training.fine_tune.table import read

CSV = "text,label\n" + "".join(f"word {number},{number % 2}\n" for number in range(20))


def test_a_tenth_is_held_out_the_same_for_every_worker(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CSV)
    train, held = read(tmp_path, ["text", "label"], 3)
    assert (len(train), len(held)) == (18, 2)
    assert {*train.column("text"), *held.column("text")} == {f"word {number}" for number in range(20)}
    again, _ = read(tmp_path, ["text", "label"], 3)
    assert again.column("text") == train.column("text")
    assert read(tmp_path, ["text"], 4)[1].column("text") != held.column("text")


@pytest.mark.parametrize("name", ["test.csv", "validation-00000-of-00001.csv", "dev/part.csv", "test_1.csv"])
def test_files_for_evaluation_are_known_by_their_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("text,label\nheld,1\n")
    train, held = read(tmp_path, ["text"], 0)
    assert (len(train), held.column("text")) == (20, ["held"])


def test_every_kind_of_file_is_read_and_the_rest_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text\n"two\nlines"\n')
    (tmp_path / "b.tsv").write_text("text\tmore\nb\t1\n")
    (tmp_path / "c.jsonl").write_text('{"text": "c", "more": [1]}\n')
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(b'{"text": "d"}\n'))
    parquet.write_table(pa.table({"text": ["e"]}), tmp_path / "e.parquet")
    (tmp_path / "README.md").write_text("text")
    train, held = read(tmp_path, ["text"], 0)
    assert sorted([*train.column("text"), *held.column("text")]) == ["b", "c", "d", "e", "two\nlines"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", "text", "no .parquet"),
        ("a.csv", "label,txt\n1,b\n2,c\n", "no column text; did you mean txt"),
        ("a.csv", "text\n", "fewer than two rows"),
        ("a.csv", "text\nb\n", "fewer than two rows"),
        ("a.csv", "", "cannot be read"),
        ("a.parquet", "no parquet", "cannot be read"),
        ("a.jsonl", '{"text": ', "cannot be read"),
        ("a.jsonl", '{"text": "b"}\n{"text": null}\n', "empty in 1 rows"),
    ],
)
def test_what_is_wrong_with_a_data_set_is_named(tmp_path: Path, name: str, content: str, reason: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UnsuitableData, match=reason):
        read(tmp_path, ["text"], 0)


def test_only_the_columns_of_a_task_are_read_from_parquet(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"text": ["a", "b"], "image": [b"", b""]}), tmp_path / "a.parquet")
    assert len(read(tmp_path, ["text"], 0)[0]) == 1
    with pytest.raises(UnsuitableData, match="no column label; it has text, image"):
        read(tmp_path, ["text", "label"], 0)


def test_files_whose_columns_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "b"}\n')
    (tmp_path / "b.jsonl").write_text('{"text": ["b"]}\n')
    with pytest.raises(UnsuitableData, match="do not fit together"):
        read(tmp_path, ["text"], 0)
