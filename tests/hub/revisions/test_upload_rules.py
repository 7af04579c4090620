import pytest

from commonground.errors import BadRequest, InvalidPath
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, AddPointer, UploadFile
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import request

pytestmark = pytest.mark.anyio

ATTRIBUTES = b"*.bin filter=lfs diff=lfs merge=lfs -text\nraw/*.bin -filter\n*.md text\n"


@pytest.fixture
async def repository(hub: Hub) -> Repository:
    return hub.create("rules", {".gitattributes": ATTRIBUTES, ".gitignore": b"nested/*\n!nested/keep\n", "old": b"old"})


async def modes(hub: Hub, repository: Repository, *files: UploadFile) -> list[str]:
    return [decision.mode for decision in await hub.revisions.preupload(repository, ADA, "main", files)]


async def test_attributes_decide(hub: Hub, repository: Repository) -> None:
    assert await modes(
        hub,
        repository,
        UploadFile(path="a/x.bin", size=10, sample=b"text"),
        UploadFile(path="raw/x.bin", size=10, sample=b"\0\0"),
        UploadFile(path="x.md", size=10, sample=b"text"),
    ) == ["lfs", "regular", "regular"]


async def test_where_attributes_are_silent_size_and_content_decide(hub: Hub, repository: Repository) -> None:
    limit = hub.settings.regular_file_limit
    cut = "é".encode() * 300
    assert await modes(
        hub,
        repository,
        UploadFile(path="text", size=limit, sample=b"text"),
        UploadFile(path="long", size=limit + 1, sample=b"text"),
        UploadFile(path="binary", size=10, sample=b"\x00\x01"),
        UploadFile(path="latin", size=1000, sample=b"\xe9" * 512),
        UploadFile(path="utf8", size=1000, sample=b"x" + cut[:511]),
        UploadFile(path="x.bin", size=0),
        UploadFile(path=".gitattributes", size=10, sample=b"\0"),
    ) == ["regular", "lfs", "lfs", "lfs", "regular", "regular", "regular"]


async def test_ignored_files_are_named(hub: Hub, repository: Repository) -> None:
    files = [UploadFile(path=path, size=1) for path in ("nested/a", "nested/keep", "nested/b/c", "other")]
    decisions = await hub.revisions.preupload(repository, ADA, "main", files)
    assert [decision.ignored for decision in decisions] == [True, False, True, False]
    decisions = await hub.revisions.preupload(repository, ADA, "main", files, git_ignore="other")
    assert [decision.ignored for decision in decisions] == [False, False, False, True]


async def test_given_attributes_replace_stored_ones(hub: Hub, repository: Repository) -> None:
    file = UploadFile(path="x.bin", size=10, sample=b"text")
    [decision] = await hub.revisions.preupload(repository, ADA, "main", [file], git_attributes="")
    assert decision.mode == "regular"


async def test_the_current_id_lets_a_client_skip_a_file(hub: Hub, repository: Repository) -> None:
    stored = await hub.store.put_bytes(1, b"weights")
    assert stored.sha256
    await hub.revisions.commit(
        repository,
        ADA,
        "main",
        request(AddPointer(path="w.bin", sha256=stored.sha256.hex()), AddFile(path="d/e", content=b"")),
    )
    files = [UploadFile(path=path, size=7) for path in ("w.bin", "old", "new", "d")]
    decisions = await hub.revisions.preupload(repository, ADA, "main", files)
    old = (await hub.revisions.entry(repository, "main", "old"))[1].oid
    assert [decision.oid for decision in decisions] == [stored.sha256.hex(), old, None, None]


async def test_bad_requests(hub: Hub, repository: Repository) -> None:
    with pytest.raises(InvalidPath):
        await modes(hub, repository, UploadFile(path="../x", size=1))
    deep = [UploadFile(path=f"{number}/" + "/".join("a" * 150), size=1) for number in range(1000)]
    with pytest.raises(BadRequest):
        await modes(hub, repository, *deep)
