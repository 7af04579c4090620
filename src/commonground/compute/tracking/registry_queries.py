"""SQL of registered models: what is known of commits that became versions, and tags."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, delete, select

from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema.accounts import account
from commonground.database.schema.experiments import registration, registry_tag
from commonground.database.schema.runs import run_output

MODEL = b""
"""In place of a commit: the tags are the model's own."""

_set_tags = upsert(registry_tag, ["repository_id", "commit", "key"], ["value"])
_add_output = insert_or_ignore(run_output)
_add = upsert(registration, ["repository_id", "commit"], ["account_id", "run_id", "model_uid", "source", "paths"])


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """How a commit became a version."""

    repository_id: int
    commit: str
    author: str = ""
    run_id: int | None = None
    model_uid: str | None = None
    source: str = ""
    paths: tuple[str, ...] = ()


def add(connection: Connection, made: Registration, account_id: int | None, now: int) -> None:
    """Note how a commit became a version, and that its run made it."""
    sha = bytes.fromhex(made.commit)
    row = {
        "repository_id": made.repository_id, "commit": sha, "account_id": account_id, "run_id": made.run_id,
        "model_uid": made.model_uid, "source": made.source, "created_at": now,
        "paths": msgspec.json.encode(made.paths).decode(),
    }  # fmt: skip
    _add(connection, row)
    if made.run_id is not None:
        name = f"model-{made.commit[:12]}"
        edge = {"run_id": made.run_id, "name": name, "repository_id": made.repository_id, "commit": sha, "path": ""}
        _add_output(connection, edge)


def of_commits(connection: Connection, repository_id: int, commits: Sequence[str]) -> dict[str, Registration]:
    """What is known of some commits, by commit."""
    wanted = registration.c.commit.in_([bytes.fromhex(sha) for sha in commits])
    rows = connection.execute(_found().where(registration.c.repository_id == repository_id, wanted))
    return {made.commit: made for made in map(_registration, rows.mappings())}


def newest(connection: Connection, repository_id: int) -> Registration | None:
    """The last registration of a model."""
    statement = _found().where(registration.c.repository_id == repository_id)
    row = connection.execute(statement.order_by(registration.c.created_at.desc()).limit(1)).mappings().first()
    return None if row is None else _registration(row)


def of_run(connection: Connection, run_id: int, limit: int) -> list[Registration]:
    """What was registered from a run."""
    statement = _found().where(registration.c.run_id == run_id).order_by(registration.c.created_at).limit(limit)
    return [_registration(row) for row in connection.execute(statement).mappings()]


def tags(connection: Connection, repository_id: int, commits: Iterable[bytes]) -> dict[bytes, dict[str, str]]:
    """The tags of some commits (or :data:`MODEL`), by commit."""
    wanted = list(commits)
    statement = select(registry_tag.c.commit, registry_tag.c.key, registry_tag.c.value).where(
        registry_tag.c.repository_id == repository_id, registry_tag.c.commit.in_(wanted)
    )
    found: dict[bytes, dict[str, str]] = {commit: {} for commit in wanted}
    for commit, key, value in connection.execute(statement.order_by(registry_tag.c.key)):
        found[bytes(commit)][key] = value
    return found


def set_tags(connection: Connection, repository_id: int, commit: bytes, pairs: Mapping[str, str]) -> None:
    """Set tags, in place of those with the same keys."""
    rows = [{"repository_id": repository_id, "commit": commit, "key": k, "value": v} for k, v in pairs.items()]
    _set_tags(connection, rows)


def remove_tag(connection: Connection, repository_id: int, commit: bytes, key: str) -> bool:
    """Remove a tag; whether it was there."""
    same = registry_tag.c.repository_id == repository_id, registry_tag.c.commit == commit, registry_tag.c.key == key
    return connection.execute(delete(registry_tag).where(*same)).rowcount > 0


def _found() -> Any:
    return select(registration, account.c.name.label("author")).outerjoin(
        account, account.c.id == registration.c.account_id
    )


def _registration(row: RowMapping) -> Registration:
    return Registration(
        repository_id=row["repository_id"],
        commit=bytes(row["commit"]).hex(),
        author=row["author"] or "",
        run_id=row["run_id"],
        model_uid=row["model_uid"],
        source=row["source"],
        paths=tuple(msgspec.json.decode(row["paths"])),
    )
