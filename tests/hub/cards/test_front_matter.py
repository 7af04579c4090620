"""The YAML block of a README, friendly and hostile."""

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.hub.cards.front_matter import UnreadableBlock, parse_block, read_card


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
def test_block_and_body_are_told_apart(line: str) -> None:
    card = read_card(line.join(["---", "license: mit", "---", "# Title", ""]))
    assert card.metadata == {"license": "mit"}
    assert card.body == f"# Title{line}"
    assert card.has_metadata


@pytest.mark.parametrize("content", ["", "# Title", "---\nlicense: mit\n", "text\n---\na: 1\n---\n", "--\na: 1\n--"])
def test_no_block_is_no_metadata(content: str) -> None:
    card = read_card(content)
    assert (card.metadata, card.body, card.has_metadata, card.problem) == ({}, content, False, "")


def test_empty_blocks() -> None:
    assert not read_card("---\n---\nbody").has_metadata
    assert read_card("---\n# only a comment\n---\n").metadata == {}
    assert read_card("   \n---\na: 1\n---").metadata == {"a": 1}
    assert read_card("\ufeff---\na: 1\n---").metadata == {"a": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".nan", ".nan"),
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00Z"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!custom x", "x"),
        ("9" * 40, float("9" * 40)),
        ("[a, {b: 1}]", ["a", {"b": 1}]),
        ("|\n  line\n  two\n", "line\ntwo\n"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    assert parse_block(f"x: {text}") == {"x": value}


def test_aliases_and_merges() -> None:
    assert parse_block("a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}") == {
        "a": {"k": 1},
        "b": {"k": 1},
        "c": {"k": 1, "l": 2},
    }


def test_names_are_text() -> None:
    assert parse_block("1: a\ntrue: b\n~: c\n") == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("- a\n- b", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("a: b: c", "not valid YAML"),
        ("a: [1", "not valid YAML"),
        ("a: 1\na: 2", "appears twice"),
        ("a: *nowhere", "no anchor"),
        ("a: &x [*x]", "no anchor"),
        ("[a]: 1", "plain word"),
        ("{a: 1}: 1", "plain word"),
        ("a: 1\n--- \nb: 2", "more than one document"),
        ("a: \x01", "not valid YAML"),
        ("x: " + "[" * 300_000, "nested more than"),
        ("x: " + "- " * 300, "not valid YAML"),
        ("- " * 300_000 + "x", "nested more than"),
        ("a: " + "x" * 2**20, "larger than"),
    ],
)
def test_broken_blocks_say_what_is_wrong(block: str, reason: str) -> None:
    with pytest.raises(UnreadableBlock, match=reason):
        parse_block(block)


def test_an_alias_bomb_is_stopped_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    started = time.process_time()
    with pytest.raises(UnreadableBlock, match="more than"):
        parse_block("\n".join(lines))
    assert time.process_time() - started < 1


def test_many_blank_lines_are_no_work() -> None:
    started = time.process_time()
    read_card("---\n" + "\n" * 2**20)
    assert time.process_time() - started < 1


@given(st.text(max_size=200))
def test_whatever_is_read_can_be_stored_as_json(text: str) -> None:
    for content in (text, f"---\n{text}\n---\n", f'---\nx: "{text}"\n---\n'):
        card = read_card(content)
        assert isinstance(msgspec.json.decode(msgspec.json.encode(card.metadata)), dict)
