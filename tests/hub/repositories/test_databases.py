"""The life of a repository, on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import Connection, func, select

from commonground.accounts.model import ANONYMOUS
from commonground.database import Database
from commonground.database.schema import metadata
from commonground.errors import RepositoryExists, RepositoryMoved
from commonground.hub.search.model import SearchQuery
from tests.hub.repositories.world import populated

pytestmark = pytest.mark.anyio


async def test_a_life(database: Database) -> None:
    world = populated(database)
    hub, alice, bob = world.repositories, world.caller("Alice"), world.caller("bob")
    made = await hub.create(alice, "space", "alice", "One", visibility="private", options={"sdk": "static"})
    with pytest.raises(RepositoryExists):
        await hub.create(alice, "space", "Alice", "ONE", options={"sdk": "static"})
    world.grant(made.id, "bob", "read")
    world.link(made.id, b"f" * 32, 7)
    assert database.read_now(hub.readable, bob.account_id, [made.id]) == {made.id}
    copy = await hub.duplicate(bob, made, "bob", "copy")
    assert (copy.visibility, copy.head, copy.tags) == ("private", made.head, ("static",))
    assert await hub.used_storage(copy) == 7
    made = await hub.move(alice, made, "Alice", "Two")
    made = await hub.update_settings(alice, made, visibility="public", gated="auto")
    with pytest.raises(RepositoryMoved):
        await hub.open(ANONYMOUS, "space", "alice", "one")
    assert database.read_now(hub.readable, None, [made.id]) == set()
    await hub.count_download(made, None, "a")
    assert await hub.flush_downloads() == 1
    assert await hub.downloads.refresh() == 1
    page = await hub.list(ANONYMOUS, SearchQuery(kind="space", text="two", sort="downloads"))
    assert [(found.full_name, found.downloads, found.trending) for found in page.items] == [("Alice/Two", 1, 1.0)]
    await hub.delete(alice, made)
    await hub.delete(bob, copy)
    kept = {"account", "event", "sqlite_sequence"}
    assert {name: count for name, count in database.read_now(row_counts).items() if count and name not in kept} == {}


def row_counts(connection: Connection) -> dict[str, int]:
    tables = metadata.sorted_tables
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}
