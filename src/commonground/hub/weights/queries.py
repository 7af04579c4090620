"""SQL that writes what is known of a repository's weights."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, update

from commonground.database.schema.hub import repository

_SET = update(repository).where(repository.c.id == bindparam("id_"))
_SET_AT = _SET.where(repository.c.head == bindparam("head_"))


def write(connection: Connection, repository_id: int, weights: Mapping[str, Any], parameters: int | None) -> None:
    """Set the columns, in the transaction that moves the head."""
    connection.execute(_SET.values(_columns(weights, parameters)), {"id_": repository_id})


def write_at(
    connection: Connection, repository_id: int, head: bytes, weights: Mapping[str, Any], parameters: int | None
) -> None:
    """Set the columns if the repository's head is still the commit they were read from."""
    connection.execute(_SET_AT.values(_columns(weights, parameters)), {"id_": repository_id, "head_": head})


def _columns(weights: Mapping[str, Any], parameters: int | None) -> dict[str, Any]:
    return {"weights": msgspec.json.encode(weights).decode(), "parameters": parameters}
