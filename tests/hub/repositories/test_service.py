"""Repositories from creation to deletion, and who may do what."""

import pytest
from sqlalchemy import Connection, Table, func, select

from commonground.accounts.model import ANONYMOUS, Principal, Visibility
from commonground.accounts.permissions import Action
from commonground.database.schema.hub import redirect, ref, repository
from commonground.database.schema.operation import event
from commonground.database.schema.store import file_link
from commonground.errors import (
    AccountNotFound,
    BadRequest,
    CommongroundError,
    Forbidden,
    GatedRepository,
    InvalidName,
    RepositoryExists,
    RepositoryMoved,
    RepositoryNotFound,
    Unauthenticated,
)
from commonground.hub.repositories.model import Repository
from tests.hub.repositories.world import World

pytestmark = pytest.mark.anyio


def rows_of(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


async def make(
    world: World, name: str = "Bert", visibility: Visibility | None = None, owner: str = "Alice"
) -> Repository:
    return await world.repositories.create(world.caller("Alice"), "model", owner, name, visibility=visibility)


# --- create ---------------------------------------------------------------------------------------------------------


async def test_a_new_repository_has_a_first_commit_and_the_owners_spelling(world: World) -> None:
    made = await world.repositories.create(world.caller("Alice"), "dataset", "aLICE", "Data")
    assert (made.full_name, made.visibility, made.default_branch) == ("Alice/Data", "public", "main")
    assert len(made.head or "") == 40
    assert made.created_at == world.now <= made.updated_at


async def test_visibility_defaults_to_the_owners_choice(world: World) -> None:
    world.join("lab", "Alice", "write")
    caller = world.caller("Alice", {"lab": "write"})
    assert (await world.repositories.create(caller, "model", "lab", "m")).visibility == "private"
    assert (await world.repositories.create(caller, "model", "lab", "n", visibility="public")).visibility == "public"


async def test_twins_by_case_are_refused_and_named(world: World) -> None:
    await make(world, "Bert")
    with pytest.raises(RepositoryExists) as caught:
        await make(world, "bERT")
    assert caught.value.details["repository"] == "Alice/Bert"


async def test_kinds_have_their_own_names(world: World) -> None:
    await make(world, "x")
    assert (await world.repositories.create(world.caller("Alice"), "dataset", "Alice", "x")).kind == "dataset"


@pytest.mark.parametrize(
    ("caller", "owner", "name", "error"),
    [
        ("bob", "Alice", "m", Forbidden),
        (None, "Alice", "m", Unauthenticated),
        ("Alice", "nobody", "m", AccountNotFound),
        ("Alice", "lab", "m", Forbidden),
        ("Alice", "Alice", "..", InvalidName),
    ],
)
async def test_what_may_not_be_created_leaves_nothing(
    world: World, caller: str | None, owner: str, name: str, error: type[CommongroundError]
) -> None:
    principal = world.caller(caller) if caller else ANONYMOUS
    with pytest.raises(error):
        await world.repositories.create(principal, "model", owner, name)
    assert world.database.read_now(rows_of, repository) == 0


async def test_a_space_needs_a_known_sdk(world: World) -> None:
    with pytest.raises(BadRequest):
        await world.repositories.create(world.caller("Alice"), "space", "Alice", "app", options={"sdk": "word"})
    made = await world.repositories.create(world.caller("Alice"), "space", "Alice", "app", options={"sdk": "gradio"})
    assert made.options == {"sdk": "gradio"}
    assert "gradio" in made.tags
    assert made.card["sdk"] == "gradio"


async def test_a_contributor_administers_what_they_created(world: World) -> None:
    world.join("lab", "bob", "contributor")
    bob = world.caller("bob", {"lab": "contributor"})
    made = await world.repositories.create(bob, "model", "lab", "mine")
    assert await world.repositories.open(bob, "model", "lab", "mine", Action.DELETE) == made


# --- open -----------------------------------------------------------------------------------------------------------


async def test_open_ignores_case(world: World) -> None:
    made = await make(world)
    assert await world.repositories.open(ANONYMOUS, "model", "ALICE", "bert") == made


@pytest.mark.parametrize("caller", [None, "bob"])
async def test_a_private_repository_looks_absent(world: World, caller: str | None) -> None:
    await make(world, visibility="private")
    principal = world.caller(caller) if caller else ANONYMOUS
    for action in (Action.READ, Action.WRITE, Action.DELETE):
        with pytest.raises(RepositoryNotFound):
            await world.repositories.open(principal, "model", "Alice", "Bert", action)


async def test_a_readable_repository_says_why_it_may_not_be_written(world: World) -> None:
    await make(world)
    with pytest.raises(Unauthenticated):
        await world.repositories.open(ANONYMOUS, "model", "Alice", "Bert", Action.WRITE)
    with pytest.raises(Forbidden):
        await world.repositories.open(world.caller("bob"), "model", "Alice", "Bert", Action.WRITE)


async def test_a_grant_opens_a_private_repository(world: World) -> None:
    made = await make(world, visibility="private")
    bob = world.caller("bob")
    world.grant(made.id, "bob", "read")
    assert (await world.repositories.open(bob, "model", "Alice", "Bert")).id == made.id
    with pytest.raises(Forbidden):
        await world.repositories.open(bob, "model", "Alice", "Bert", Action.WRITE)


# --- move -----------------------------------------------------------------------------------------------------------


async def opened(world: World, principal: Principal, name: str) -> Repository:
    return await world.repositories.open(principal, "model", "Alice", name)


async def test_old_ids_lead_to_the_present_one_however_often_it_moved(world: World) -> None:
    alice, made = world.caller("Alice"), await make(world, "one")
    for name in ("two", "three"):
        made = await world.repositories.move(alice, made, "Alice", name)
    for old in ("one", "TWO"):
        with pytest.raises(RepositoryMoved) as caught:
            await opened(world, ANONYMOUS, old)
        assert caught.value.details["repository"] == "Alice/three"


async def test_an_old_id_of_a_private_repository_tells_nothing(world: World) -> None:
    made = await make(world, "one", "private")
    await world.repositories.move(world.caller("Alice"), made, "Alice", "two")
    with pytest.raises(RepositoryNotFound):
        await opened(world, world.caller("bob"), "one")


async def test_a_new_repository_takes_over_an_old_id(world: World) -> None:
    await world.repositories.move(world.caller("Alice"), await make(world, "one"), "Alice", "two")
    fresh = await make(world, "one")
    assert (await opened(world, ANONYMOUS, "one")).id == fresh.id


async def test_moving_back_leaves_one_redirect(world: World) -> None:
    alice, made = world.caller("Alice"), await make(world, "one")
    moved = await world.repositories.move(alice, made, "Alice", "two")
    await world.repositories.move(alice, moved, "Alice", "one")
    assert (await opened(world, ANONYMOUS, "one")).id == made.id
    keys = world.database.read_now(lambda c: list(c.scalars(select(redirect.c.name_key))))
    assert keys == ["two"]


async def test_changing_the_case_of_a_name_is_no_move(world: World) -> None:
    made = await make(world, "bert")
    moved = await world.repositories.move(world.caller("Alice"), made, "Alice", "BERT")
    assert moved.name == "BERT"
    assert world.database.read_now(lambda c: list(c.execute(select(redirect)))) == []


async def test_a_taken_id_is_refused(world: World) -> None:
    made, _ = await make(world, "one"), await make(world, "two")
    with pytest.raises(RepositoryExists):
        await world.repositories.move(world.caller("Alice"), made, "Alice", "TWO")


async def test_moving_needs_rights_on_both_sides(world: World) -> None:
    made = await make(world)
    with pytest.raises(Forbidden):
        await world.repositories.move(world.caller("bob"), made, "bob", "mine")
    with pytest.raises(Forbidden):
        await world.repositories.move(world.caller("Alice"), made, "bob", "yours")


# --- settings, duplicates, deletion ---------------------------------------------------------------------------------


async def test_settings_change_only_what_is_given(world: World) -> None:
    alice, made = world.caller("Alice"), await make(world)
    changed = await world.repositories.update_settings(alice, made, gated="auto")
    assert (changed.gated, changed.visibility) == ("auto", "public")
    changed = await world.repositories.update_settings(alice, made, visibility="private", gated="", options={"a": 1})
    assert (changed.gated, changed.visibility, changed.options) == ("", "private", {"a": 1})
    assert (await world.repositories.update_settings(alice, made, options={"a": None})).options == {}
    with pytest.raises(RepositoryNotFound):
        await world.repositories.update_settings(world.caller("bob"), made, gated="manual")


async def test_files_of_a_gated_repository_need_a_role(world: World) -> None:
    alice, bob = world.caller("Alice"), world.caller("bob")
    made = await world.repositories.update_settings(alice, await make(world), gated="manual")
    await world.repositories.check_files(alice, made)
    for stranger in (bob, ANONYMOUS):
        with pytest.raises(GatedRepository):
            await world.repositories.check_files(stranger, made)
        with pytest.raises(CommongroundError):
            await world.repositories.duplicate(stranger, made, "bob", "copy")
    world.grant(made.id, "bob", "read")
    await world.repositories.check_files(bob, made)


async def test_a_duplicate_has_the_branches_but_not_the_pull_requests(world: World) -> None:
    source = await make(world)
    world.add_ref(source.id, "refs/pr/1")
    copy = await world.repositories.duplicate(world.caller("bob"), source, "bob", "copy", visibility="private")
    assert (copy.full_name, copy.head, copy.visibility, copy.downloads) == ("bob/copy", source.head, "private", 0)
    names = world.database.read_now(lambda c: list(c.scalars(select(ref.c.name).where(ref.c.repository_id == copy.id))))
    assert names == ["refs/heads/main"]


async def test_what_the_caller_may_not_read_cannot_be_duplicated(world: World) -> None:
    source = await make(world, visibility="private")
    with pytest.raises(RepositoryNotFound):
        await world.repositories.duplicate(world.caller("bob"), source, "bob", "copy")


async def test_deleting_leaves_no_row_and_never_gives_the_id_out_again(world: World) -> None:
    alice, made = world.caller("Alice"), await make(world)
    made = await world.repositories.move(alice, made, "Alice", "renamed")
    world.link(made.id, b"f" * 32, 10)
    await world.repositories.delete(alice, made)
    for table in (repository, redirect, ref, file_link):
        assert world.database.read_now(rows_of, table) == 0
    assert (await make(world)).id > made.id


async def test_only_who_may_delete_deletes(world: World) -> None:
    made = await make(world)
    with pytest.raises(Forbidden):
        await world.repositories.delete(world.caller("bob"), made)
    read_only = world.caller("Alice", token_role="read")
    with pytest.raises(Forbidden):
        await world.repositories.delete(read_only, made)


async def test_every_change_is_told(world: World) -> None:
    alice = world.caller("Alice")
    made = await world.repositories.move(alice, await make(world, "one"), "Alice", "two")
    await world.repositories.delete(alice, made)
    rows = world.database.read_now(lambda c: list(c.execute(select(event.c.kind, event.c.subject))))
    assert rows == [
        ("repository.created", "model:Alice/one"),
        ("repository.moved", "model:Alice/two"),
        ("repository.deleted", "model:Alice/two"),
    ]


# --- the store's questions ------------------------------------------------------------------------------------------


async def test_readable_keeps_private_disabled_and_gated_ones_back(world: World) -> None:
    alice, bob = world.caller("Alice"), world.caller("bob")
    public, private, gated = await make(world, "a"), await make(world, "b", "private"), await make(world, "c")
    await world.repositories.update_settings(alice, gated, gated="auto")
    ids = [public.id, private.id, gated.id, 999]

    def readable(account: int | None) -> set[int]:
        return world.database.read_now(world.repositories.readable, account, ids)

    assert readable(None) == readable(bob.account_id) == {public.id}
    assert readable(alice.account_id) == {public.id, private.id, gated.id}
    world.grant(private.id, "bob", "read")
    assert readable(bob.account_id) == {public.id, private.id}
    world.disable(public.id)
    assert readable(None) == set()


async def test_used_storage_counts_each_file_once(world: World) -> None:
    made = await make(world)
    world.link(made.id, b"a" * 32, 10)
    world.link(made.id, b"b" * 32, 5)
    assert await world.repositories.used_storage(made) == 15


async def test_private_repositories_are_known_to_those_who_may_read_them(world: World) -> None:
    public = await world.repositories.create(world.caller("Alice"), "model", "Alice", "open")
    private = await world.repositories.create(world.caller("Alice"), "model", "Alice", "mine", visibility="private")
    ids = [public.id, private.id, 999_999, public.id]
    assert await world.repositories.known(world.caller("Alice"), ids) == {public.id, private.id}
    assert await world.repositories.known(world.caller("bob"), ids) == {public.id}
    narrow = world.caller("Alice", token_role="fine-grained")
    assert await world.repositories.known(narrow, ids) == {public.id}
