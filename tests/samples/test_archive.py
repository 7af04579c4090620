from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from commonground.samples import archive
from commonground.samples.archive import ArchiveError, extract
from commonground.samples.model import Member
from tests.samples.wheels import write_wheel

FILES = {"p/a.bin": b"a", "p/sub/b.bin": b"b", "p/README.md": b"theirs", "q/c.bin": b"c"}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return write_wheel(tmp_path, "p", FILES)


def hostile(tmp_path: Path, name: str, content: bytes = b"x", mode: int = stat.S_IFREG | 0o644) -> Path:
    path = tmp_path / "hostile.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        wheel.writestr(info, content)
    return path


def test_only_listed_files_are_written(wheel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert extract(wheel, [Member("p/*", exclude=("*/README.md",))], out) == ["a.bin", "sub/b.bin"]
    assert (out / "sub/b.bin").read_bytes() == b"b"
    assert {path.name for path in out.rglob("*")} == {"a.bin", "sub", "b.bin"}


def test_members_may_be_put_below_a_folder_or_renamed(wheel: Path, tmp_path: Path) -> None:
    members = [Member("p/s*", target="kept"), Member("q/c.bin", target="d.bin")]
    assert extract(wheel, members, tmp_path / "out") == ["d.bin", "kept/sub/b.bin"]


def test_a_wildcard_in_the_first_part_keeps_the_whole_path(wheel: Path, tmp_path: Path) -> None:
    assert extract(wheel, [Member("*c.bin")], tmp_path / "out") == ["q/c.bin"]


@pytest.mark.parametrize("name", ["p/../../evil", "/evil", "C:/evil", "../evil", "p/..\\..\\evil"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = hostile(tmp_path, name)
    out = tmp_path / "deep" / "out"
    with pytest.raises(ArchiveError, match="unsafe path"):
        extract(path, [Member("*")], out)
    assert [*tmp_path.rglob("*")] == [path]


def test_a_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="unsafe path"):
        extract(hostile(tmp_path, "p/link", b"/etc/passwd", stat.S_IFLNK | 0o777), [Member("p/*")], tmp_path / "out")


@pytest.mark.parametrize(("limit", "clause"), [("MAX_UNPACKED", "larger"), ("MAX_MEMBERS", "too many files")])
def test_too_much_is_refused(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, clause: str
) -> None:
    monkeypatch.setattr(archive, limit, 1)
    with pytest.raises(ArchiveError, match=clause):
        extract(wheel, [Member("p/*")], tmp_path / "out")


def test_a_missing_member_is_named(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"holds no p/z\.bin"):
        extract(wheel, [Member("p/z.bin", target="z.bin")], tmp_path / "out")


def test_two_files_for_one_path_are_refused(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="two files"):
        extract(wheel, [Member("p/a.bin", target="x"), Member("q/c.bin", target="x")], tmp_path / "out")


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.whl"
    path.write_bytes(b"not a zip file")
    with pytest.raises(ArchiveError, match="no readable wheel"):
        extract(path, [Member("p/*")], tmp_path / "out")


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = hostile(tmp_path, "p/a.bin", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"CONTENT", 1))
    with pytest.raises(ArchiveError, match="no readable wheel"):
        extract(path, [Member("p/a.bin", target="a.bin")], tmp_path / "out")


def test_a_transformation_makes_one_file_of_many(tmp_path: Path) -> None:
    chat = "*A:\t喂\n%mor:\te|wai3\n".encode()
    path = write_wheel(tmp_path, "p", {"p/1.cha": chat, "p/2.cha": chat})
    assert extract(path, [Member("p/*.cha", target="all.jsonl", transform="chat_to_jsonl")], tmp_path / "out") == [
        "all.jsonl"
    ]
    assert len((tmp_path / "out/all.jsonl").read_bytes().splitlines()) == 2


@pytest.mark.parametrize(("transform", "content"), [("digits_csv", b"not gzip"), ("chat_to_jsonl", b"\xff\xff")])
def test_a_file_of_another_form_is_refused(tmp_path: Path, transform: str, content: bytes) -> None:
    path = write_wheel(tmp_path, "p", {"p/a": content})
    with pytest.raises(ArchiveError, match="expected form"):
        extract(path, [Member("p/a", target="a", transform=transform)], tmp_path / "out")


def test_a_member_that_unpacks_to_more_than_it_says_is_refused() -> None:
    with pytest.raises(ArchiveError, match="larger than the package says"):
        archive._copy(io.BytesIO(b"abc"), io.BytesIO(), 2)
