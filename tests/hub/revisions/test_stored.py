"""Content that is in the store already becomes what the rules of the repository make of it."""

import hashlib

import pytest

from commonground.errors import ContentMissing, InvalidCommit, SizeMismatch
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, AddStored, Entry
from tests.hub.revisions.conftest import ADA, EVE, Hub
from tests.hub.revisions.support import content, request

pytestmark = pytest.mark.anyio

ATTRIBUTES = b"*.bin filter=lfs diff=lfs merge=lfs -text\n"


async def stored(hub: Hub, path: str, data: bytes, account: int = 1) -> AddStored:
    file = await hub.store.put_bytes(account, data)
    assert file.sha256
    return AddStored(path=path, sha256=file.sha256.hex(), size=len(data))


async def entry(hub: Hub, repository: Repository, path: str) -> Entry:
    return (await hub.revisions.entry(repository, "main", path))[1]


@pytest.mark.parametrize(
    ("path", "data", "lfs"),
    [
        ("small.txt", b"a text", False),
        ("empty", b"", False),
        ("large.json", b"[" + b"1," * 100_000 + b"1]", False),
        ("data", b"\0binary", True),
        ("model.bin", b"text, but named like weights", True),
    ],
)
async def test_the_rules_decide(hub: Hub, path: str, data: bytes, lfs: bool) -> None:
    repository = hub.create("rules", {".gitattributes": ATTRIBUTES})
    await hub.revisions.commit(repository, ADA, "main", request(await stored(hub, path, data)))
    found = await entry(hub, repository, path)
    assert (found.lfs is not None, found.size) == (lfs, len(data))
    assert await content(hub, repository, path) == data
    if not lfs:
        assert found.oid == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


async def test_rules_in_the_same_commit_hold(hub: Hub, repository: Repository) -> None:
    rules = AddFile(path=".gitattributes", content=b"*.txt filter=lfs diff=lfs merge=lfs -text\n")
    await hub.revisions.commit(repository, ADA, "main", request(await stored(hub, "a.txt", b"a text"), rules))
    assert (await entry(hub, repository, "a.txt")).lfs


async def test_above_the_limit_it_is_lfs(hub: Hub, repository: Repository) -> None:
    data = b"x" * (hub.settings.regular_file_limit + 1)
    await hub.revisions.commit(repository, ADA, "main", request(await stored(hub, "big.txt", data)))
    assert (await entry(hub, repository, "big.txt")).lfs


async def test_a_hash_is_not_a_key(hub: Hub, repository: Repository) -> None:
    """Whether it would become plain or large: content somebody else uploaded cannot be named."""
    for data in (b"a text of ada", b"\0binary of ada"):
        operation = await stored(hub, "a", data)
        with pytest.raises(ContentMissing):
            await hub.revisions.commit(repository, EVE, "main", request(operation))


async def test_what_does_not_fit_is_refused(hub: Hub, repository: Repository) -> None:
    operation = await stored(hub, "a", b"abc")
    with pytest.raises(SizeMismatch):
        await hub.revisions.commit(
            repository, ADA, "main", request(AddStored(path="a", sha256=operation.sha256, size=4))
        )
    with pytest.raises(InvalidCommit):
        await hub.revisions.commit(repository, ADA, "main", request(AddStored(path="a", sha256="zz")))
    with pytest.raises(InvalidCommit, match="twice"):
        await hub.revisions.commit(repository, ADA, "main", request(operation, operation))


async def test_a_proposal_takes_it_too(hub: Hub, repository: Repository) -> None:
    number, _ = await hub.revisions.propose(repository, ADA, "main", request(await stored(hub, "n.txt", b"new")))
    assert await content(hub, repository, "n.txt", f"refs/pr/{number}") == b"new"
