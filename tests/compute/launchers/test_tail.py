"""Files that grow, read as lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.launchers.model import LINE_LIMIT, Process
from commonground.compute.launchers.tail import Tails

PARTS = st.lists(
    st.one_of(st.binary(max_size=20), st.sampled_from([b"\n", b"x" * LINE_LIMIT, b"y" * (LINE_LIMIT - 1), b"a\nb\n"])),
    max_size=8,
)


def tails(root: Path) -> Tails:
    process = Process(role="worker", rank=0, command=[], environment={}, folder=root)
    return Tails(root, [process])


@given(parts=PARTS)
def test_every_byte_arrives_once_and_in_order(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    root = tmp_path_factory.mktemp("tail")
    (root / "0").mkdir()
    found, tailing = b"", tails(root)
    with (root / "0" / "stdout").open("wb", buffering=0) as file:
        for part in parts:
            file.write(part)
            found += b"".join(line.data for line in tailing.read())
    while lines := tailing.read(last=True):
        found += b"".join(line.data for line in lines)
    assert found == b"".join(parts)


def test_a_line_without_an_end_arrives_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "stdout").write_bytes(b"one\nrest")
    tailing = tails(tmp_path)
    assert [line.data for line in tailing.read()] == [b"one\n"]
    assert [line.data for line in tailing.read(last=True)] == [b"rest"]
    assert tailing.read(last=True) == []


def test_what_was_never_started_has_no_lines(tmp_path: Path) -> None:
    assert tails(tmp_path).read(last=True) == []
