"""What is computed is what tarfile, zipfile, gzip, GNU tar and unzip read, and every range of it is a part of it."""

import gzip
import io
import subprocess
import tarfile
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.errors import ArchiveTooLarge
from commonground.hub.archives import members as members_module
from commonground.hub.archives.members import Members
from commonground.hub.archives.model import FILE, FOLDER, LINK, MODIFIED, PROGRAM, Format, Member
from tests.hub.archives.memory import ArchiveFile, MemoryContents, Zeros, members_of, pack, read

FORMATS: list[Format] = list(get_args(Format))
FILES = {
    "README.md": b"# Hi\n",
    "empty": b"",
    "data/": b"",
    "data/números.bin": bytes(range(256)) * 400,
    "data/" + "long" * 40 + ".txt": b"long name",
    "模型/": b"",
    "模型/权重.safetensors": b"w" * 70_000,
}

_NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='/\\"'), min_size=1, max_size=40)
_PATHS = st.lists(_NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4).map("/".join)
_TREES = st.dictionaries(_PATHS, st.binary(max_size=3000), max_size=8)


def _unpacked(data: bytes, form: Format) -> dict[str, bytes]:
    if form == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    plain = gzip.decompress(data) if form == "tar.gz" else data
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
        found = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: file.read() for name, file in found.items() if file}


def _whole(files: dict[str, bytes], form: Format, top: str = "") -> bytes:
    members, contents = members_of(files, top)
    archive = pack(members, contents, form)
    data = read(archive)
    assert len(data) == archive.size
    return data


@pytest.mark.parametrize("form", FORMATS)
def test_python_reads_it(form: Format) -> None:
    expected = {f"tiny-main/{path}": data for path, data in FILES.items() if not path.endswith("/")}
    assert _unpacked(_whole(FILES, form, "tiny-main"), form) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_at_all_is_an_archive_too(form: Format) -> None:
    assert _unpacked(_whole({}, form), form) == {}


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=40, deadline=None)
@given(files=_TREES, top=_NAMES | st.just(""), data=st.data())
def test_any_tree_comes_back_and_any_range_is_a_part(
    form: Format, files: dict[str, bytes], top: str, data: st.DataObject
) -> None:
    folders = {path[:at] for path in files for at in range(len(path)) if path[at] == "/"}
    files = {path: body for path, body in files.items() if path not in folders}
    top = "" if top in {".", ".."} else top
    members, contents = members_of(files, top)
    archive = pack(members, contents, form)
    whole = read(archive)
    assert len(whole) == archive.size
    assert _unpacked(whole, form) == {(f"{top}/{path}" if top else path): body for path, body in files.items()}
    for _ in range(4):
        start = data.draw(st.integers(0, archive.size - 1))
        end = data.draw(st.integers(start + 1, archive.size))
        assert read(archive, start, end) == whole[start:end]


@pytest.mark.parametrize("form", FORMATS)
def test_every_cut_joins_again(form: Format) -> None:
    members, contents = members_of(FILES, "top")
    archive = pack(members, contents, form)
    whole = read(archive)
    cuts = [*range(0, archive.size, 997), archive.size]
    assert b"".join(read(archive, start, end) for start, end in pairwise(cuts)) == whole
    for start in range(archive.size - 60, archive.size):
        assert read(archive, start) == whole[start:]


def test_gnu_tar_lists_and_extracts(tmp_path: Path) -> None:
    for form in ("tar", "tar.gz"):
        (tmp_path / f"a.{form}").write_bytes(_whole(FILES, form, "top"))
        done = subprocess.run(["tar", "-xf", f"a.{form}"], cwd=tmp_path, capture_output=True, check=True)
        assert done.stderr == b""
        assert (tmp_path / "top/模型/权重.safetensors").read_bytes() == FILES["模型/权重.safetensors"]
        assert (tmp_path / "top/README.md").stat().st_mtime == MODIFIED


def test_gzip_tests_it(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(_whole(FILES, "tar.gz"))
    subprocess.run(["gzip", "-t", "a.tar.gz"], cwd=tmp_path, check=True)


def test_unzip_tests_and_extracts(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(_whole(FILES, "zip", "top"))
    subprocess.run(["unzip", "-tq", "a.zip"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["unzip", "-q", "a.zip"], cwd=tmp_path, check=True, env={"LC_ALL": "C.UTF-8"})
    assert (tmp_path / "top/data/números.bin").read_bytes() == FILES["data/números.bin"]


def _kinds() -> tuple[Members, MemoryContents]:
    members = Members()
    for member in (
        Member("bin/", FOLDER, 0),
        Member("bin/run", PROGRAM, 3),
        Member("latest", LINK, 7, "bin/run"),
        Member("far", LINK, 203, "bin/" + "x" * 199),
        Member("plain", FILE, 2),
    ):
        members.add(member)
    return members, MemoryContents({1: b"#!/", 2: b"bin/run", 3: b"bin/" + b"x" * 199, 4: b"ok"})


def test_tar_keeps_modes_and_links() -> None:
    with tarfile.open(fileobj=io.BytesIO(read(pack(*_kinds(), "tar")))) as tar:
        found = {member.name: member for member in tar}
    assert [found["bin"].mode, found["bin/run"].mode, found["plain"].mode] == [0o755, 0o755, 0o644]
    assert found["bin"].isdir()
    assert [found["latest"].linkname, found["far"].linkname] == ["bin/run", "bin/" + "x" * 199]
    assert {(member.uid, member.gid, member.uname, member.mtime) for member in found.values()} == {(0, 0, "", MODIFIED)}


def test_zip_keeps_modes_and_links(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(read(pack(*_kinds(), "zip")))
    subprocess.run(["unzip", "-q", "a.zip"], cwd=tmp_path, check=True)
    assert (tmp_path / "latest").readlink() == Path("bin/run")
    assert (tmp_path / "bin/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "plain").stat().st_mode & 0o777 == 0o644


LARGE = [("a", 9 * 2**30), ("b", 5), ("c", 2**32), ("d", 2**32 - 1), ("e", 7)]


def _large() -> Members:
    members = Members("top")
    for path, size in LARGE:
        members.add(Member(path, FILE, size))
    return members


def test_tar_of_files_beyond_eight_gibibytes() -> None:
    archive = pack(_large(), Zeros(), "tar")
    with tarfile.open(fileobj=io.BufferedReader(ArchiveFile(archive)), mode="r:") as tar:
        assert [(member.name, member.size) for member in tar if member.isfile()] == [
            (f"top/{path}", size) for path, size in LARGE
        ]


def test_zip64() -> None:
    archive = pack(_large(), Zeros(zlib.crc32(bytes(7))), "zip")
    with zipfile.ZipFile(io.BufferedReader(ArchiveFile(archive))) as found:
        infos = [info for info in found.infolist() if not info.is_dir()]
        assert [(info.filename, info.file_size) for info in infos] == [(f"top/{path}", size) for path, size in LARGE]
        assert {info.CRC for info in infos} == {zlib.crc32(bytes(7))}
        with found.open("top/e") as file:
            assert file.read() == bytes(7)


def test_zip_of_more_members_than_its_old_count_can_say() -> None:
    members = Members()
    for number in range(70_000):
        members.add(Member(f"{number:05}", FILE, 0))
    with zipfile.ZipFile(io.BytesIO(read(pack(members, Zeros(), "zip")))) as found:
        assert len(found.namelist()) == 70_000


def test_a_zip_sums_each_member_where_its_sum_is_written() -> None:
    members, contents = members_of({"a": b"a" * 5000, "b": b"b" * 5000})
    archive = pack(members, contents, "zip")
    read(archive, 0, 4000)
    assert contents.summed == []
    read(archive, archive.size - 22)
    assert contents.summed == []


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "FILES_LIMIT", 3)
    with pytest.raises(ArchiveTooLarge, match="3 files"):
        members_of({"a": b"", "b": b"", "c": b"", "d": b""})


def test_too_long_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "NAMES_LIMIT", 100)
    members = Members()
    members.add(Member("a" * 60, FILE, 0))
    with pytest.raises(ArchiveTooLarge):
        members.add(Member("b", LINK, 50, "c" * 50))
