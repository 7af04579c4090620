"""The SHA-256 of files, whatever git keeps of them."""

import hashlib

import pytest

from commonground.errors import BlobNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, AddPointer, Entry
from commonground.hub.revisions.service import Revisions
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import request

pytestmark = pytest.mark.anyio

CONTENTS = {"a.txt": b"small", "empty": b"", "large.txt": b"l" * 200_000, "w.bin": b"weights" * 1000}


async def committed(hub: Hub, repository: Repository) -> list[Entry]:
    stored = await hub.store.put_bytes(1, CONTENTS["w.bin"])
    assert stored.sha256
    pointer = AddPointer(path="w.bin", sha256=stored.sha256.hex())
    plain = [AddFile(path=path, content=content) for path, content in CONTENTS.items() if path != "w.bin"]
    await hub.revisions.commit(repository, ADA, "main", request(pointer, *plain))
    return await hub.revisions.paths(repository, "main", list(CONTENTS))


async def test_they_are_those_of_the_contents(hub: Hub, repository: Repository) -> None:
    entries = await committed(hub, repository)
    expected = [hashlib.sha256(CONTENTS[entry.path]).hexdigest() for entry in entries]
    for _ in range(2):
        assert await hub.revisions.sha256s(repository, entries) == expected
    assert await hub.revisions.sha256s(repository, entries[::-1]) == expected[::-1]
    assert await hub.revisions.sha256s(repository, []) == []


async def test_they_are_computed_once(hub: Hub, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = await committed(hub, repository)
    expected = await hub.revisions.sha256s(repository, entries)
    monkeypatch.setattr(hub.revisions._digests, "_compute", None)
    assert await hub.revisions.sha256s(repository, entries) == expected


async def test_content_the_store_never_hashed_is_read(hub: Hub, repository: Repository) -> None:
    """A file that came as chunks may have no SHA-256 yet."""
    entries = await committed(hub, repository)
    expected = await hub.revisions.sha256s(repository, entries)
    hub.database.write_now(lambda connection: connection.exec_driver_sql("UPDATE file SET state = 0"))
    fresh = Revisions(hub.database, hub.store, hub.settings)
    assert await fresh.sha256s(repository, entries) == expected


async def test_another_repository_knows_nothing_of_them(hub: Hub, repository: Repository) -> None:
    entries = await committed(hub, repository)
    await hub.revisions.sha256s(repository, entries)
    other = hub.create("other")
    with pytest.raises(BlobNotFound):
        await hub.revisions.sha256s(other, [entries[0]])
