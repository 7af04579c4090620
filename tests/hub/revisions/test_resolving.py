import pytest

from commonground.errors import RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile
from commonground.hub.revisions.service import Revisions
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import request

pytestmark = pytest.mark.anyio


async def test_a_revision_has_many_names(hub: Hub, repository: Repository) -> None:
    head = await hub.revisions.resolve(repository, "main")
    await hub.revisions.create_tag(repository, ADA, "v1", "main", message="annotated")
    for revision in ("main", "HEAD", "refs/heads/main", "v1", "refs/tags/v1", head, head[:7], head[:39]):
        assert await hub.revisions.resolve(repository, revision) == head


@pytest.mark.parametrize("revision", ["", "nowhere", "0" * 40, "0" * 7, "refs/heads/", "main\0", "\ud800", "x" * 5000])
async def test_what_names_nothing_is_not_found(hub: Hub, repository: Repository, revision: str) -> None:
    with pytest.raises(RevisionNotFound):
        await hub.revisions.resolve(repository, revision)


async def test_old_commits_stay_reachable(hub: Hub, repository: Repository) -> None:
    shas = [await hub.revisions.resolve(repository, "main")]
    for number in range(5):
        commit = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path=f"{number}", content=b"")))
        shas.append(commit.sha)
        assert [await hub.revisions.resolve(repository, sha) for sha in shas] == shas


async def test_a_commit_of_another_repository_is_not_found(hub: Hub, repository: Repository) -> None:
    other = hub.create("other", {"x": b"secret"})
    with pytest.raises(RevisionNotFound):
        await hub.revisions.resolve(repository, await hub.revisions.resolve(other, "main"))


async def test_a_blob_is_no_revision(hub: Hub, repository: Repository) -> None:
    _, entry = await hub.revisions.entry(repository, "main", "README.md")
    with pytest.raises(RevisionNotFound):
        await hub.revisions.resolve(repository, entry.oid)


async def test_a_commit_is_forgotten_with_the_last_ref_that_reached_it(hub: Hub, repository: Repository) -> None:
    await hub.revisions.create_branch(repository, ADA, "dev")
    commit = await hub.revisions.commit(repository, ADA, "dev", request(AddFile(path="a", content=b"")))
    await hub.revisions.create_branch(repository, ADA, "again", starting_point="dev")
    assert await hub.revisions.entry(repository, commit.sha, "a")
    await hub.revisions.delete_branch(repository, ADA, "dev")
    assert await hub.revisions.entry(repository, commit.sha, "a")
    await hub.revisions.delete_branch(repository, ADA, "again")
    with pytest.raises(RevisionNotFound):
        await hub.revisions.entry(repository, commit.sha, "a")


async def test_another_process_sees_a_deleted_branch_with_its_next_request(hub: Hub, repository: Repository) -> None:
    other = Revisions(hub.database, hub.store, hub.settings)
    await hub.revisions.create_branch(repository, ADA, "dev")
    commit = await hub.revisions.commit(repository, ADA, "dev", request(AddFile(path="a", content=b"")))
    assert await other.resolve(hub.reload(repository), commit.sha) == commit.sha
    await hub.revisions.delete_branch(repository, ADA, "dev")
    with pytest.raises(RevisionNotFound):
        await other.resolve(hub.reload(repository), commit.sha)
