import asyncio
import itertools

import pytest

from commonground.database import Database, values

pytestmark = pytest.mark.anyio


async def test_a_value_is_made_once(database: Database) -> None:
    made = itertools.count()
    outcomes = await asyncio.gather(
        *(database.write(values.get_or_create, "key", lambda: str(next(made)).encode()) for _ in range(5))
    )
    assert len(set(outcomes)) == 1
    assert await database.read(values.get, "key") == outcomes[0]


async def test_a_value_is_set_and_removed(database: Database) -> None:
    assert await database.read(values.get, "key") is None
    await database.write(values.put, "key", b"1")
    await database.write(values.put, "key", b"2")
    assert await database.read(values.get, "key") == b"2"
    for _ in range(2):
        await database.write(values.remove, "key")
    assert await database.read(values.get, "key") is None


async def test_a_value_is_claimed_by_the_first_who_sets_it(database: Database) -> None:
    for value in (b"1", b"2", b"1"):
        outcomes = await asyncio.gather(*(database.write(values.claim, "key", value) for _ in range(5)))
        assert sorted(outcomes) == [False] * 4 + [True]
        assert await database.read(values.get, "key") == value
