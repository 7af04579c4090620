"""SQL of artifacts: which files a run or a logged model has. Their content is the store's."""

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select

from commonground.compute.tracking.model import Artifact
from commonground.compute.tracking.pair_queries import subject_of
from commonground.database.conflict import upsert
from commonground.database.schema.experiments import logged_model_artifact, run_artifact
from commonground.store.queries import hold_file

_upserts = {
    table.name: upsert(
        table,
        [column.name for column in table.primary_key.columns],
        ["file_hash", "sha256", "size", "created_at"],
    )
    for table in (run_artifact, logged_model_artifact)
}


def put(connection: Connection, table: Table, subject: int, artifact: Artifact, now: int) -> bool:
    """Keep a file, in place of one with the same path; whether its content is still there."""
    if not hold_file(connection, artifact.file_hash):
        return False
    row = {
        subject_of(table).name: subject, "path": artifact.path, "size": artifact.size,
        "sha256": artifact.sha256, "file_hash": artifact.file_hash, "created_at": now,
    }  # fmt: skip
    _upserts[table.name](connection, row)
    return True


def below(connection: Connection, table: Table, subject: int, folder: str) -> list[Artifact]:
    """The files below a folder, all of them for the empty one, by path."""
    columns = table.c.path, table.c.size, table.c.sha256, table.c.file_hash
    statement = select(*columns).where(subject_of(table) == subject).order_by(table.c.path)
    if folder:
        statement = statement.where(_inside(table, folder))
    return [_artifact(*row) for row in connection.execute(statement)]


def find(connection: Connection, table: Table, subject: int, path: str) -> Artifact | None:
    """The file with this path."""
    columns = table.c.path, table.c.size, table.c.sha256, table.c.file_hash
    row = connection.execute(select(*columns).where(subject_of(table) == subject, table.c.path == path)).first()
    return None if row is None else _artifact(*row)


def count(connection: Connection, table: Table, subject: int) -> int:
    """How many files there are."""
    statement = select(func.count()).select_from(table).where(subject_of(table) == subject)
    number: int = connection.execute(statement).scalar_one()
    return number


def remove(connection: Connection, table: Table, subject: int, path: str) -> int:
    """Remove a file, or a folder with all below it; how many files that were. The empty path is everything."""
    statement = delete(table).where(subject_of(table) == subject)
    if path:
        statement = statement.where(or_(table.c.path == path, _inside(table, path)))
    return connection.execute(statement).rowcount


def _inside(table: Table, folder: str) -> ColumnElement[bool]:
    """Whether a path is below a folder. LIKE of SQLite does not tell capitals from small letters."""
    return func.substr(table.c.path, 1, len(folder) + 1) == f"{folder}/"


def _artifact(path: str, size: int, sha256: bytes, file_hash: bytes) -> Artifact:
    return Artifact(path=path, size=size, sha256=bytes(sha256), file_hash=bytes(file_hash))
