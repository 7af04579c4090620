"""Likes are counted once an account, listed newest first, and tell nobody of what they may not know of."""

import asyncio

import pytest

from commonground.accounts.model import ANONYMOUS
from commonground.community.likes.service import Likes
from commonground.errors import BadRequest, RepositoryNotFound, Unauthenticated
from commonground.hub.repositories.model import Repository
from tests.hub.repositories.world import World

pytestmark = pytest.mark.anyio


async def made(world: World, name: str, **options: object) -> Repository:
    return await world.repositories.create(world.caller("Alice"), "model", "Alice", name, **options)  # type: ignore[arg-type]


async def counted(world: World, repository: Repository) -> int:
    return (await world.repositories.by_id(repository.id)).likes


async def test_a_like_counts_once_an_account(world: World, likes: Likes) -> None:
    bert = await made(world, "bert")
    alice, bob = world.caller("Alice"), world.caller("bob")
    assert [await likes.like(caller, bert) for caller in (alice, alice, bob)] == [1, 1, 2]
    assert await counted(world, bert) == 2
    assert await likes.likes_it(bob, bert)
    assert [await likes.unlike(caller, bert) for caller in (bob, bob, alice)] == [1, 1, 0]
    assert await counted(world, bert) == 0
    assert not await likes.likes_it(bob, bert)
    assert not await likes.likes_it(ANONYMOUS, bert)


async def test_likes_at_the_same_time_are_all_counted(world: World, likes: Likes) -> None:
    bert = await made(world, "bert")
    names = [f"user{number}" for number in range(12)]
    for name in names:
        world.account(name)
    await asyncio.gather(*(likes.like(world.caller(name), bert) for name in names * 2))
    assert await counted(world, bert) == 12
    await asyncio.gather(*(likes.unlike(world.caller(name), bert) for name in names * 2))
    assert await counted(world, bert) == 0


async def test_nobody_likes(world: World, likes: Likes) -> None:
    with pytest.raises(Unauthenticated):
        await likes.like(ANONYMOUS, await made(world, "bert"))


async def test_what_is_gone_cannot_be_liked(world: World, likes: Likes) -> None:
    bert = await made(world, "bert")
    await likes.like(world.caller("bob"), bert)
    await world.repositories.delete(world.caller("Alice"), bert)
    for change in (likes.like, likes.unlike):
        with pytest.raises(RepositoryNotFound):
            await change(world.caller("bob"), bert)
    assert (await likes.likes_of(world.caller("bob"), world.caller("bob").account_id or 0)).items == []


async def test_likes_follow_a_renamed_repository(world: World, likes: Likes) -> None:
    bert, bob = await made(world, "bert"), world.caller("bob")
    await likes.like(bob, bert)
    await world.repositories.move(world.caller("Alice"), bert, "Alice", "renamed")
    [like] = (await likes.likes_of(bob, bob.account_id or 0)).items
    assert (like.kind, like.repository, like.created_at) == ("model", "Alice/renamed", world.now)


async def test_private_repositories_are_hidden_in_the_lists_of_others(world: World, likes: Likes) -> None:
    """Not even the length of a page tells of them."""
    alice, bob = world.caller("Alice"), world.caller("bob")
    for number in range(10):
        visibility = "private" if number % 3 else "public"
        world.now += 1
        await likes.like(alice, await made(world, f"r{number}", visibility=visibility))
    account = alice.account_id or 0
    assert len((await likes.likes_of(alice, account)).items) == 10
    for caller in (bob, ANONYMOUS):
        first = await likes.likes_of(caller, account, limit=3)
        assert [like.repository for like in first.items] == ["Alice/r9", "Alice/r6", "Alice/r3"]
        second = await likes.likes_of(caller, account, first.cursor, limit=3)
        assert [like.repository for like in second.items] == ["Alice/r0"]
        assert second.cursor is None


async def test_pages_of_those_who_like(world: World, likes: Likes) -> None:
    bert = await made(world, "bert")
    names = [f"user{number}" for number in range(7)]
    for name in names:
        world.account(name, full_name=name.title())
        world.now += 1
        await likes.like(world.caller(name), bert)
    seen, cursor = list[str](), None
    while True:
        page = await likes.likers_of(bert, cursor, limit=3)
        assert len(page.items) <= 3
        seen += [liker.name for liker in page.items]
        if (cursor := page.cursor) is None:
            break
    assert seen == names[::-1]
    assert page.items[0].full_name == "User0"


async def test_disabled_accounts_are_not_shown(world: World, likes: Likes) -> None:
    bert = await made(world, "bert")
    world.account("gone", disabled_at=1)
    await likes.like(world.caller("gone"), bert)
    assert (await likes.likers_of(bert)).items == []


@pytest.mark.parametrize("cursor", ["x", "eyJ0aW1lIjotMX0", "W10", "eyJ0aW1lIjoxZTk5LCJpZCI6MX0", "A" * 20_000])
async def test_cursors_nobody_made(world: World, likes: Likes, cursor: str) -> None:
    with pytest.raises(BadRequest):
        await likes.likes_of(ANONYMOUS, 1, cursor)
