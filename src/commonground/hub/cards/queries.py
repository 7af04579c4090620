"""SQL that writes what is derived from a card."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select, update

from commonground.database.schema.accounts import account
from commonground.database.schema.hub import repository, repository_tag
from commonground.hub.cards.model import Derived
from commonground.hub.repositories.model import Repository
from commonground.hub.search.model import Document, SearchIndex

_id: BindParameter[int] = bindparam("id_")
_SET = update(repository).where(repository.c.id == _id)
_CLEAR_TAGS = delete(repository_tag).where(repository_tag.c.repository_id == _id)
_ADD_TAG = insert(repository_tag)
_NAME = (
    select(account.c.name, repository.c.name)
    .join(repository, repository.c.owner_id == account.c.id)
    .where(repository.c.id == _id)
)


def write(connection: Connection, index: SearchIndex, repository_id: int, derived: Derived) -> None:
    """Replace the derived columns, tags and search row of a repository."""
    connection.execute(_SET.values(columns(derived)), {"id_": repository_id})
    connection.execute(_CLEAR_TAGS, {"id_": repository_id})
    if derived.index_tags:
        connection.execute(_ADD_TAG, [{"tag": tag, "repository_id": repository_id} for tag in derived.index_tags])
    index_document(connection, index, repository_id, derived)


def index_document(connection: Connection, index: SearchIndex, repository_id: int, derived: Derived) -> None:
    """Write the search row of a repository under its present name."""
    row = connection.execute(_NAME, {"id_": repository_id}).first()
    if row is None:
        return
    title = _title(row[0], row[1], derived.tags, derived.card)
    text = {"description": derived.description, "body": derived.body}
    index.put(connection, repository_id, msgspec.structs.replace(title, **text))


def retitle(connection: Connection, index: SearchIndex, repository: Repository) -> None:
    """Let the search row follow a new id."""
    index.retitle(
        connection, repository.id, _title(repository.owner, repository.name, repository.tags, repository.card)
    )


def _title(owner: str, name: str, tags: tuple[str, ...], card: Mapping[str, Any]) -> Document:
    title = card.get("pretty_name") or card.get("title")
    return Document(owner=owner, name=name, tags=(*tags, title) if isinstance(title, str) else tags)


def columns(derived: Derived) -> dict[str, object]:
    """Column values of table ``repository``."""
    return {
        "card": _json(derived.card),
        "description": derived.description,
        "tags": _json(derived.tags),
        "config": _json(derived.config),
        "pipeline_tag": derived.pipeline_tag,
        "library_name": derived.library_name,
        "license": derived.license,
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
