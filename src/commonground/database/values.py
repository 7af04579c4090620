"""Server-wide values: made once, then the same for every process on this database."""

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, delete, select

from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema.operation import server_value

_GET = select(server_value.c.value).where(server_value.c.name == bindparam("name"))
_ADD = insert_or_ignore(server_value)
_SET = upsert(server_value, ["name"], ["value"])
_REMOVE_OTHER = delete(server_value).where(
    server_value.c.name == bindparam("name_"), server_value.c.value != bindparam("value_")
)
_REMOVE = delete(server_value).where(server_value.c.name == bindparam("name_"))


def get(connection: Connection, name: str) -> bytes | None:
    """The value, or ``None``."""
    value: bytes | None = connection.execute(_GET, {"name": name}).scalar()
    return value


def get_or_create(connection: Connection, name: str, make: Callable[[], bytes]) -> bytes:
    """The value, made by ``make`` if there is none; of two processes at the same time both get the same one."""
    value = get(connection, name)
    if value is None:
        _ADD(connection, {"name": name, "value": make()})
        value = get(connection, name)
        assert value is not None
    return value


def put(connection: Connection, name: str, value: bytes) -> None:
    """Set the value."""
    _SET(connection, {"name": name, "value": value})


def claim(connection: Connection, name: str, value: bytes) -> bool:
    """Set the value; ``False`` where it is this one already: of several processes with one value only one is first."""
    connection.execute(_REMOVE_OTHER, {"name_": name, "value_": value})
    return _ADD(connection, {"name": name, "value": value}) == 1


def remove(connection: Connection, name: str) -> None:
    """Forget the value, if there is one."""
    connection.execute(_REMOVE, {"name_": name})
