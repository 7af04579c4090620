import pytest

from commonground.database import Database
from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema.operation import event_cursor, server_value

pytestmark = pytest.mark.anyio

ADD = insert_or_ignore(server_value)
ADD_RETURNING = insert_or_ignore(server_value, server_value.c.value)
SET = upsert(server_value, ["name"], ["value"])
COUNT = upsert(event_cursor, ["consumer"], lambda new: {"position": event_cursor.c.position + new.position})


def row(name: str, value: bytes = b"1") -> dict[str, object]:
    return {"name": name, "value": value}


async def all_values(database: Database) -> dict[str, bytes]:
    rows = await database.read(lambda c: c.execute(server_value.select()).all())
    return dict(rows)


async def test_rows_that_are_there_are_left_as_they_are(database: Database) -> None:
    assert await database.write(ADD, row("a")) == 1
    assert await database.write(ADD, row("a", b"2")) == 0
    assert await database.write(ADD, [row("a", b"3"), row("b"), row("c")]) == 2
    assert await all_values(database) == {"a": b"1", "b": b"1", "c": b"1"}


async def test_no_rows_are_no_work(database: Database) -> None:
    assert await database.write(ADD, []) == 0


async def test_a_new_row_returns_its_column_and_an_ignored_one_nothing(database: Database) -> None:
    assert await database.write(ADD_RETURNING.one, row("a")) == b"1"
    assert await database.write(ADD_RETURNING.one, row("a")) is None


async def test_named_columns_are_taken_over(database: Database) -> None:
    await database.write(SET, [row("a"), row("b")])
    assert await database.write(SET, row("a", b"2")) == 1
    assert await all_values(database) == {"a": b"2", "b": b"1"}


async def test_a_change_may_count(database: Database) -> None:
    for _ in range(3):
        await database.write(COUNT, {"consumer": "x", "position": 5})
    assert await database.read(lambda c: c.execute(event_cursor.select()).all()) == [("x", 15)]
