import pytest

from commonground.errors import InvalidRef, PushRejected, RefExists, RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import ZERO, AddFile, RefUpdate
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import content, files, request

pytestmark = pytest.mark.anyio


async def test_a_branch_starts_where_it_is_told(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    second = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"")))
    await hub.revisions.create_branch(repository, ADA, "from-head")
    await hub.revisions.create_branch(repository, ADA, "from-first", starting_point=first)
    await hub.revisions.create_branch(repository, ADA, "from-branch", starting_point="from-first")
    refs = {ref.short: ref.target for ref in await hub.revisions.refs(repository)}
    assert refs == {"main": second.sha, "from-head": second.sha, "from-first": first, "from-branch": first}


async def test_an_existing_branch_is_replaced_only_on_demand(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    await hub.revisions.create_branch(repository, ADA, "dev")
    await hub.revisions.commit(repository, ADA, "dev", request(AddFile(path="a", content=b"")))
    with pytest.raises(RefExists, match="Reference refs/heads/dev already exists"):
        await hub.revisions.create_branch(repository, ADA, "dev")
    await hub.revisions.create_branch(repository, ADA, "dev", overwrite=True)
    assert await hub.revisions.resolve(repository, "dev") == first


async def test_an_empty_branch_has_no_files_and_no_history(hub: Hub, repository: Repository) -> None:
    await hub.revisions.create_branch(repository, ADA, "fresh", empty=True)
    assert await files(hub, repository, "fresh") == set()
    commit = await hub.revisions.commit_info(repository, "fresh")
    assert commit.parents == ()
    await hub.revisions.commit(repository, ADA, "fresh", request(AddFile(path="a", content=b"a")))
    assert await content(hub, repository, "a", "fresh") == b"a"


async def test_a_branch_may_have_the_name_of_a_tag_and_comes_first(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    await hub.revisions.create_tag(repository, ADA, "x", "main")
    await hub.revisions.create_branch(repository, ADA, "x")
    commit = await hub.revisions.commit(repository, ADA, "x", request(AddFile(path="a", content=b"")))
    assert await hub.revisions.resolve(repository, "x") == commit.sha
    assert await hub.revisions.resolve(repository, "refs/tags/x") == first


async def test_the_default_branch_stays(hub: Hub, repository: Repository) -> None:
    with pytest.raises(InvalidRef, match="Cannot delete refs/heads/main"):
        await hub.revisions.delete_branch(repository, ADA, "main")


async def test_only_branches_are_deleted_as_branches(hub: Hub, repository: Repository) -> None:
    await hub.revisions.create_tag(repository, ADA, "v1", "main")
    for name in ("missing", "v1"):
        with pytest.raises(RevisionNotFound, match="Invalid rev id"):
            await hub.revisions.delete_branch(repository, ADA, name)
    with pytest.raises(InvalidRef):
        await hub.revisions.delete_branch(repository, ADA, "refs/tags/v1")
    await hub.revisions.delete_tag(repository, ADA, "v1")
    with pytest.raises(RevisionNotFound):
        await hub.revisions.delete_tag(repository, ADA, "v1")


async def test_a_tag_stays_where_it_is(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    await hub.revisions.create_tag(repository, ADA, "v1", "main", message="One")
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"")))
    assert await hub.revisions.resolve(repository, "v1") == first
    with pytest.raises(RefExists):
        await hub.revisions.create_tag(repository, ADA, "v1", "main")
    [tag] = [ref for ref in await hub.revisions.refs(repository) if ref.short == "v1"]
    assert tag.target == first != tag.sha
    with pytest.raises(InvalidRef):
        await hub.revisions.commit(repository, ADA, "refs/tags/v1", request(AddFile(path="b", content=b"")))


async def test_names_in_the_way_of_each_other(hub: Hub, repository: Repository) -> None:
    await hub.revisions.create_branch(repository, ADA, "a_b/c")
    with pytest.raises(InvalidRef):
        await hub.revisions.create_branch(repository, ADA, "a_b")
    with pytest.raises(InvalidRef):
        await hub.revisions.create_branch(repository, ADA, "a_b/c/d")
    await hub.revisions.create_branch(repository, ADA, "axb")
    await hub.revisions.create_branch(repository, ADA, "A_B")


async def test_squashing_keeps_the_files_and_drops_the_history(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    await hub.revisions.create_branch(repository, ADA, "v0.1")
    before = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"")))
    commit = await hub.revisions.super_squash(repository, ADA, "main", message="Squash")
    assert (commit.title, commit.parents, commit.tree) == ("Squash", (), before.tree)
    assert await hub.revisions.count_commits(repository, "main") == 1
    assert await hub.revisions.resolve(repository, "v0.1") == first
    with pytest.raises(RevisionNotFound):
        await hub.revisions.resolve(repository, before.sha)
    page = await hub.revisions.tree(repository, "main", expand=True)
    assert {entry.last_commit.sha for entry in page.items if entry.last_commit} == {commit.sha}


# --- pushes -------------------------------------------------------------------------------------------------------------


async def test_a_push_moves_all_its_refs_or_none(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    second = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"")))
    create = RefUpdate(name="refs/heads/new", old=ZERO, new=second.sha)
    back = RefUpdate(name="refs/heads/main", old=second.sha, new=first)
    stale = RefUpdate(name="refs/heads/main", old=first, new=second.sha)
    with pytest.raises(PushRejected):
        await hub.revisions.update_refs(repository, ADA, [create, stale])
    assert [ref.short for ref in await hub.revisions.refs(repository)] == ["main"]
    await hub.revisions.update_refs(repository, ADA, [create, back])
    assert {ref.short: ref.target for ref in await hub.revisions.refs(repository)} == {"main": first, "new": second.sha}
    assert hub.reload(repository).head == first
    await hub.revisions.update_refs(repository, ADA, [RefUpdate(name="refs/heads/new", old=second.sha, new=ZERO)])
    with pytest.raises(RevisionNotFound):
        await hub.revisions.resolve(repository, second.sha)


async def test_pushes_that_no_state_allows(hub: Hub, repository: Repository) -> None:
    head = await hub.revisions.resolve(repository, "main")
    tree = (await hub.revisions.commit_info(repository, "main")).tree
    for update, error in [
        (RefUpdate(name="refs/heads/main", old=head, new=ZERO), InvalidRef),
        (RefUpdate(name="refs/heads/x", old=ZERO, new="1" * 40), PushRejected),
        (RefUpdate(name="refs/heads/x", old=ZERO, new=tree), PushRejected),
        (RefUpdate(name="refs/heads/x", old=ZERO, new="nonsense"), PushRejected),
        (RefUpdate(name="refs/secret/x", old=ZERO, new=head), InvalidRef),
        (RefUpdate(name="refs/heads/main/x", old=ZERO, new=head), InvalidRef),
        (RefUpdate(name="refs/heads/x", old=head, new=ZERO), PushRejected),
    ]:
        with pytest.raises(error):
            await hub.revisions.update_refs(repository, ADA, [update])
    assert [ref.short for ref in await hub.revisions.refs(repository)] == ["main"]
