"""Content in use by something else than git objects."""

import msgspec
import pytest

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.keeping import drop, keep, kept, release
from commonground.hub.revisions.model import AddPointer
from commonground.settings import Settings
from commonground.store.model import StoredFile
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import request

pytestmark = pytest.mark.anyio


@pytest.fixture
def hub(hub: Hub) -> Hub:
    """Nothing is too young to be collected."""
    settings: Settings = msgspec.structs.replace(hub.settings, upload_lease_seconds=-1)
    hub.revisions._context.settings = settings
    return hub


@pytest.fixture
async def file(hub: Hub, repository: Repository) -> StoredFile:
    file = await hub.store.put_bytes(1, b"a layer" * 1000)
    for user in ("one", "two"):
        await hub.database.write(keep, hub.store, repository.id, 1, [file], user)
    return file


async def linked(hub: Hub, repository: Repository, file: StoredFile) -> bool:
    assert file.sha256
    return bool(await hub.database.read(hub.store.linked, repository.id, [file.sha256]))


async def test_gc_takes_what_the_last_use_leaves(hub: Hub, repository: Repository, file: StoredFile) -> None:
    assert hub.reload(repository).used_storage == file.size
    await hub.database.write(release, repository.id, "one")
    assert await hub.database.read(kept, repository.id) == [file.sha256]
    assert (await hub.revisions.gc(repository)).unlinked == 0
    assert await linked(hub, repository, file)
    await hub.database.write(release, repository.id, "two")
    assert (await hub.revisions.gc(repository)).unlinked == 1
    assert not await linked(hub, repository, file)
    assert hub.reload(repository).used_storage == 0


async def test_what_is_in_use_is_not_dropped(hub: Hub, repository: Repository, file: StoredFile) -> None:
    assert not await hub.database.write(drop, hub.store, repository.id, file)
    for user in ("one", "two"):
        await hub.database.write(release, repository.id, user)
    assert await hub.database.write(drop, hub.store, repository.id, file)
    assert not await linked(hub, repository, file)


async def test_what_a_commit_names_is_not_dropped(hub: Hub, repository: Repository) -> None:
    file = await hub.store.put_bytes(1, b"weights" * 1000)
    assert file.sha256
    pointer = AddPointer(path="model.bin", sha256=file.sha256.hex())
    await hub.revisions.commit(repository, ADA, "main", request(pointer))
    assert not await hub.database.write(drop, hub.store, repository.id, file)
    assert await linked(hub, repository, file)
