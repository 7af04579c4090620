"""Archives of real repositories."""

import asyncio
import gzip
import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from commonground.errors import BadRequest, BlobNotFound, EntryNotFound, RevisionNotFound
from commonground.hub.archives import collecting
from commonground.hub.archives.model import Archive, Format
from commonground.hub.archives.service import Archives
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import ZERO, AddFile, AddPointer, Entry, Operation, RefUpdate
from commonground.hub.revisions.objects import BLOB, COMMIT, TREE, encode_commit, object_id
from commonground.hub.revisions.trees import DIRECTORY, EXECUTABLE, FILE, GITLINK, SYMLINK, encode_entry
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import export, request

pytestmark = pytest.mark.anyio

WEIGHTS = os.urandom(300_000)
FORMATS: list[Format] = list(get_args(Format))


@pytest.fixture
async def filled(hub: Hub, repository: Repository) -> Repository:
    """A repository with small files, LFS content, and a blob too large for a row."""
    stored = await hub.store.put_bytes(1, WEIGHTS)
    assert stored.sha256
    operations: list[Operation] = [
        AddFile(path="config.json", content=b"{}"),
        AddFile(path="run.sh", content=b"#!/bin/sh\n", executable=True),
        AddFile(path="empty", content=b""),
        AddPointer(path="weights/model.safetensors", sha256=stored.sha256.hex()),
        AddFile(path="weights/notes/大.txt", content=b"n" * 200_000),
    ]
    await hub.revisions.commit(repository, ADA, "main", request(*operations))
    return hub.reload(repository)


async def _read(archive: Archive, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([part async for part in archive.read(start, archive.size if end is None else end)])


def _names(data: bytes, form: Format) -> list[str]:
    if form == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [name.rstrip("/") for name in archive.namelist()]
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz" if form == "tar.gz" else "r:") as tar:
        return tar.getnames()


@pytest.mark.parametrize("form", FORMATS)
async def test_all_files_with_their_content(archives: Archives, filled: Repository, form: Format) -> None:
    archive = await archives.open(filled, "main", form=form, top="bert-main")
    data = await _read(archive)
    assert len(data) == archive.size
    assert _names(data, form) == [
        "bert-main",
        *(f"bert-main/{name}" for name in ("README.md", "config.json", "empty", "run.sh", "weights")),
        "bert-main/weights/model.safetensors",
        "bert-main/weights/notes",
        "bert-main/weights/notes/大.txt",
    ]
    assert WEIGHTS in data if form != "tar.gz" else WEIGHTS in gzip.decompress(data)


async def test_git_unpacks_the_same(hub: Hub, archives: Archives, filled: Repository, tmp_path: Path) -> None:
    git = await export(hub, filled, tmp_path / "git")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    git("archive", "--prefix=top/", "-o", str(tmp_path / "theirs.tar"), "main")
    ours = await archives.open(filled, "main", form="tar", top="top")
    (tmp_path / "ours.tar").write_bytes(await _read(ours))
    for name in ("ours", "theirs"):
        subprocess.run(["tar", "-xf", f"../{name}.tar"], cwd=tmp_path / name, check=True)
    (tmp_path / "theirs/top/weights/model.safetensors").write_bytes(WEIGHTS)  # git has the pointer
    subprocess.run(["diff", "-r", "ours", "theirs"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("form", FORMATS)
async def test_any_range_on_a_server_that_has_never_seen_it(hub: Hub, filled: Repository, form: Format) -> None:
    whole = await _read(await Archives(hub.revisions, hub.store).open(filled, "main", form=form))
    for start in (0, 9, 513, 100_000, len(whole) // 2, len(whole) - 5000, len(whole) - 4):
        fresh = await Archives(hub.revisions, hub.store).open(filled, "main", form=form)
        assert await _read(fresh, start) == whole[start:]
        assert await _read(fresh, start, start + 3) == whole[start : start + 3]


async def test_a_folder_begins_at_the_root(archives: Archives, filled: Repository) -> None:
    data = await _read(await archives.open(filled, "main", "weights/", form="tar"))
    assert _names(data, "tar") == ["model.safetensors", "notes", "notes/大.txt"]


async def test_the_tag_names_the_bytes(hub: Hub, archives: Archives, filled: Repository) -> None:
    async def tag(folder: str = "", form: Format = "tar.gz", top: str = "") -> str:
        return (await archives.open(filled, "main", folder, form=form, top=top)).etag

    before, weights = await tag(), await tag("weights")
    assert len({before, weights, await tag(form="tar"), await tag(form="zip"), await tag(top="x")}) == 5
    await hub.revisions.commit(filled, ADA, "main", request(AddFile(path="more", content=b"x")))
    assert await tag() != before
    assert await tag("weights") == weights


async def test_another_commit_of_the_same_files_is_the_same_archive(
    hub: Hub, archives: Archives, filled: Repository
) -> None:
    before = await archives.open(filled, "main")
    await hub.revisions.commit(filled, ADA, "main", request(title="Nothing"))
    after = await archives.open(filled, "main")
    assert (after.etag, after.size) == (before.etag, before.size)
    assert after.commit != before.commit
    assert await _read(after) == await _read(before)


async def test_what_is_not_there(archives: Archives, filled: Repository) -> None:
    with pytest.raises(RevisionNotFound):
        await archives.open(filled, "other")
    for folder in ("nowhere", "config.json", "../x"):
        with pytest.raises(EntryNotFound):
            await archives.open(filled, "main", folder)


@pytest.mark.parametrize("top", ["a/b", "..", ".", "a\0b", "x" * 300, ".git", "/"])
async def test_a_top_folder_that_is_none(archives: Archives, filled: Repository, top: str) -> None:
    with pytest.raises(BadRequest):
        await archives.open(filled, "main", top=top)


async def test_missing_content_is_an_error_before_the_first_byte(
    hub: Hub, archives: Archives, filled: Repository
) -> None:
    _, entry = await hub.revisions.entry(filled, "main", "weights/model.safetensors")
    assert entry.lfs
    await hub.revisions.unlink_content(filled, [bytes.fromhex(entry.lfs.sha256)])
    with pytest.raises(BlobNotFound):
        await archives.open(filled, "main")


async def test_a_pointer_that_lies_about_the_size_is_missing_content(
    hub: Hub, archives: Archives, filled: Repository
) -> None:
    _, entry = await hub.revisions.entry(filled, "main", "weights/model.safetensors")
    assert entry.lfs
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{entry.lfs.sha256}\nsize 5\n".encode()
    await hub.revisions.commit(filled, ADA, "main", request(AddFile(path="false", content=pointer)))
    with pytest.raises(BlobNotFound):
        await archives.open(filled, "main")


async def test_layouts_are_kept_and_pages_joined(hub: Hub, filled: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    archives = Archives(hub.revisions, hub.store)
    whole = await _read(await archives.open(filled, "main", form="tar"))
    monkeypatch.setattr(collecting, "PAGE", 2)
    assert await _read(await Archives(hub.revisions, hub.store).open(filled, "main", form="tar")) == whole

    async def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("commonground.hub.archives.service.collect", never)
    assert await _read(await archives.open(filled, "main", form="tar")) == whole


async def test_content_is_read_once_for_a_resumed_download(hub: Hub, filled: Repository) -> None:
    archives = Archives(hub.revisions, hub.store)
    archive = await archives.open(filled, "main")
    whole = await _read(archive)
    reads: list[int] = []
    stream = hub.revisions.stream

    def counted(repository: Repository, entry: Entry, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        reads.append(entry.size)
        return stream(repository, entry, start, end)

    hub.revisions.stream = counted  # type: ignore[method-assign]
    again = await archives.open(filled, "main")
    assert await _read(again, again.size - 8) == whole[-8:]
    assert reads == []


async def _push(hub: Hub, repository: Repository, entries: list[tuple[int, bytes, bytes]]) -> None:
    """A branch ``pushed`` with these modes, names and blobs, as a git client may make it."""
    objects = [(BLOB, body) for mode, _, body in entries if mode not in {GITLINK, DIRECTORY}]
    lines = [
        encode_entry(mode, name, body if mode in {GITLINK, DIRECTORY} else object_id(BLOB, body))
        for mode, name, body in entries
    ]
    tree = b"".join(lines)
    commit = encode_commit(object_id(TREE, tree), (), "ada", "ada@x", 1_700_000_000, "Push")
    with hub.revisions.objects(repository, ADA) as reader:
        await asyncio.to_thread(reader.add_many, [*objects, (TREE, tree), (COMMIT, commit)])
        update = RefUpdate(name="refs/heads/pushed", old=ZERO, new=object_id(COMMIT, commit).hex())
        await hub.revisions.update_refs(repository, ADA, [update])


async def test_links_that_may_leave_become_files(hub: Hub, archives: Archives, repository: Repository) -> None:
    await _push(
        hub,
        repository,
        [
            (SYMLINK, b"good", b"target"),
            (SYMLINK, b"latin", b"\xff"),
            (SYMLINK, b"long", b"x" * 5000),
            (SYMLINK, b"passwd", b"/etc/passwd"),
            (EXECUTABLE, b"run", b"#!"),
            (GITLINK, b"submodule", bytes(range(20))),
            (FILE, b"target", b"here"),
            (SYMLINK, b"up", b"../up"),
        ],
    )
    for form in FORMATS:
        names = [
            name.rstrip("/") for name in _names(await _read(await archives.open(repository, "pushed", form=form)), form)
        ]
        assert names == ["good", "latin", "long", "passwd", "run", "submodule", "target", "up"]
    data = await _read(await archives.open(repository, "pushed", form="tar"))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        kinds = {member.name: (member.issym(), member.isdir(), member.size) for member in tar}
    assert kinds == {
        "good": (True, False, 0),
        "latin": (False, False, 1),
        "long": (False, False, 5000),
        "passwd": (False, False, 11),
        "run": (False, False, 2),
        "submodule": (False, True, 0),
        "target": (False, False, 4),
        "up": (False, False, 5),
    }
