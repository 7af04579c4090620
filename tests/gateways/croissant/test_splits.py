from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.croissant.splits import Group, groups


def found(card: dict[str, Any], *paths: str) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(group.config, group.split): group.paths for group in groups(card, sorted(paths))}


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("train.csv", "train"),
        ("data/train-00000-of-00002.parquet", "train"),
        ("my_training_set.jsonl", "train"),
        ("test/0.csv", "test"),
        ("data/eval.tsv", "test"),
        ("valid.csv", "validation"),
        ("dev/x.parquet", "validation"),
        ("Val.csv", "validation"),
        ("trainer.csv", "train"),  # no word of a split: the only one there is
        ("contest.csv", "train"),
    ],
)
def test_names_tell_of_splits(path: str, split: str) -> None:
    assert found({}, path) == {("default", split): (path,)}


def test_files_without_a_split_do_not_mix_with_those_that_have_one() -> None:
    assert found({}, "train.csv", "test.csv", "extra.csv") == {
        ("default", "test"): ("test.csv",),
        ("default", "train"): ("train.csv",),
    }


def test_other_files_are_no_tables() -> None:
    assert found({}, "README.md", "picture.png", "train.csv.gz") == {}


@pytest.mark.parametrize(
    "given_files", ["a.csv", ["a.csv"], [{"split": "train", "path": "a.csv"}], [{"split": "train", "path": ["a.csv"]}]]
)
def test_the_card_names_files_in_several_ways(given_files: Any) -> None:
    card = {"configs": [{"config_name": "c", "data_files": given_files}]}
    assert found(card, "a.csv", "b.csv") == {("c", "train"): ("a.csv",)}


def test_patterns_folders_and_several_configurations() -> None:
    card = {
        "configs": [
            {"config_name": "en", "data_dir": "en"},
            {"config_name": "zh", "data_dir": "zh/", "data_files": [{"split": "all", "path": "**/*.parquet"}]},
            {"data_files": [{"split": "one", "path": "data/one-*.csv"}]},
        ]
    }
    paths = ("en/train.csv", "en/test.csv", "zh/a.parquet", "zh/b/c.parquet", "data/one-1.csv", "data/one/2.csv")
    assert found(card, *paths) == {
        ("en", "train"): ("en/train.csv",),
        ("en", "test"): ("en/test.csv",),
        ("zh", "all"): ("zh/a.parquet", "zh/b/c.parquet"),
        ("default", "one"): ("data/one-1.csv",),
    }


def test_a_card_that_fits_no_file_counts_as_silent() -> None:
    assert found({"configs": [{"data_files": "none.csv"}]}, "train.csv") == {("default", "train"): ("train.csv",)}


def test_of_several_formats_the_usual_one_counts() -> None:
    assert found({}, "train.csv", "train.parquet") == {("default", "train"): ("train.parquet",)}


def test_hostile_cards_are_bounded() -> None:
    patterns = ["*a" * 400 + "b"] * 10_000
    card = {"configs": [{"config_name": str(i), "data_files": patterns} for i in range(1000)]}
    assert all(isinstance(group, Group) for group in groups(card, ["a" * 200 + ".csv"] * 1000))


values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["config_name", "data_files", "data_dir", "split", "path"]), inner, max_size=3
        )
    ),
)


@given(values)
def test_any_card_is_read(value: Any) -> None:
    groups({"configs": value}, ["a.csv", "b/train.parquet"])
