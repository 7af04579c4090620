"""SQL of logged models."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, String, cast, insert, select, update

from commonground.compute.tracking import pair_queries
from commonground.compute.tracking.model import DEFAULT, LoggedModel, Search
from commonground.compute.tracking.search_queries import Subject, in_experiments, narrowed
from commonground.database.schema.experiments import logged_model as table
from commonground.database.schema.experiments import logged_model_param, logged_model_tag

_SUBJECT = Subject(
    id=table.c.id,
    texts={
        "name": table.c.name,
        "model_id": table.c.uid,
        "model_type": table.c.model_type,
        "status": table.c.state,
        "source_run_id": cast(table.c.run_id, String),
    },
    numbers={"creation_timestamp": table.c.created_at, "last_updated_timestamp": table.c.updated_at},
    pairs={"tag": logged_model_tag, "param": logged_model_param},
)
_COLUMNS = [
    getattr(table.c, name) for name in LoggedModel.__struct_fields__ if name not in {"experiment_id", "tags", "params"}
]


def add(connection: Connection, values: dict[str, Any]) -> int:
    """Store a logged model; its id."""
    model_id: int = connection.execute(insert(table).returning(table.c.id), values).scalar_one()
    return model_id


def find(connection: Connection, uid: str) -> LoggedModel | None:
    """The logged model of this name."""
    rows = connection.execute(select(*_COLUMNS, table.c.experiment_id).where(table.c.uid == uid)).mappings()
    return next(iter(_models(connection, rows)), None)


def search(
    connection: Connection, owner_id: int | None, experiments: Sequence[int], asked: Search
) -> list[LoggedModel]:
    """A page of the logged models of some experiments; newest first where the search does not say otherwise."""
    statement = select(*_COLUMNS, table.c.experiment_id).where(
        in_experiments(table.c.experiment_id, experiments), table.c.deleted_at.is_(None)
    )
    if owner_id is not None:
        statement = statement.where(table.c.owner_id == owner_id)
    statement = narrowed(statement, _SUBJECT, asked, sqlite=connection.dialect.name == "sqlite")
    return _models(connection, connection.execute(statement.order_by(table.c.id.desc())).mappings())


def change(connection: Connection, model_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a logged model."""
    connection.execute(update(table).where(table.c.id == model_id).values(values))


def _models(connection: Connection, rows: Iterable[RowMapping]) -> list[LoggedModel]:
    found = list(rows)
    ids = [row["id"] for row in found]
    tags, params = (pair_queries.of(connection, pairs, ids) for pairs in (logged_model_tag, logged_model_param))
    return [
        LoggedModel(
            **{column.name: row[column.name] for column in _COLUMNS},
            experiment_id=row["experiment_id"] or DEFAULT,
            tags=tags[row["id"]],
            params=params[row["id"]],
        )
        for row in found
    ]
