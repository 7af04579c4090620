"""Commits to several repositories in one transaction, with what belongs to them."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from commonground.database import events
from commonground.errors import FileToDeleteNotFound, RunLost
from commonground.hub.revisions.model import AddFile, Commit, CommitRequest, DeleteFile
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import content, files, request

pytestmark = pytest.mark.anyio


def note(connection: Connection, commits: Sequence[Commit]) -> None:
    events.append(connection, "test", " ".join(commit.sha for commit in commits), None, {})


async def test_all_of_them_are_made_together(hub: Hub) -> None:
    first, second = hub.create("first"), hub.create("second")
    seen: list[Sequence[Commit]] = []
    made = await hub.revisions.commit_all(
        ADA,
        [(second, request(AddFile(path="b", content=b"2"))), (first, request(AddFile(path="a", content=b"1")))],
        lambda _, commits: seen.append(commits),
    )
    assert seen == [made]
    assert [await hub.revisions.resolve(found, "main") for found in (second, first)] == [commit.sha for commit in made]
    assert (await content(hub, first, "a"), await content(hub, second, "b")) == (b"1", b"2")


async def test_what_is_raised_beside_them_undoes_all(hub: Hub) -> None:
    first, second = hub.create("first"), hub.create("second")

    def refuse(connection: Connection, commits: Sequence[Commit]) -> None:
        note(connection, commits)
        raise RunLost(run=1)

    add = request(AddFile(path="a", content=b"1"))
    with pytest.raises(RunLost):
        await hub.revisions.commit_all(ADA, [(first, add), (second, add)], refuse)
    for repository in (first, second):
        assert await files(hub, repository) == {"README.md"}
    assert await hub.database.read(events.read_after, 0) == []


async def test_one_that_cannot_be_made_stops_the_others(hub: Hub) -> None:
    first, second = hub.create("first"), hub.create("second")
    with pytest.raises(FileToDeleteNotFound):
        await hub.revisions.commit_all(
            ADA, [(first, request(AddFile(path="a", content=b"1"))), (second, request(DeleteFile("absent")))], note
        )
    assert await files(hub, first) == {"README.md"}


async def test_those_who_meet_in_two_repositories_do_not_wait_for_each_other_for_ever(hub: Hub) -> None:
    first, second = hub.create("first"), hub.create("second")

    def named(name: str) -> CommitRequest:
        return request(AddFile(path=name, content=name.encode()))

    await asyncio.gather(
        *(hub.revisions.commit_all(ADA, [(first, named(f"x{n}")), (second, named(f"x{n}"))], note) for n in range(4)),
        *(hub.revisions.commit_all(ADA, [(second, named(f"y{n}")), (first, named(f"y{n}"))], note) for n in range(4)),
    )
    wanted = {"README.md"} | {f"{name}{n}" for name in "xy" for n in range(4)}
    assert (await files(hub, first), await files(hub, second)) == (wanted, wanted)
