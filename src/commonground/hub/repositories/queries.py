"""SQL of repositories: the lookup behind every request, and what changes rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from commonground.accounts.model import MemberRole, RepositoryKind
from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.prepared import Prepared
from commonground.database.schema.accounts import access_grant, account, membership
from commonground.database.schema.hub import (
    git_object,
    path_entry,
    path_index,
    redirect,
    ref,
    repository,
    repository_tag,
)
from commonground.database.schema.store import file_link
from commonground.hub.repositories.model import Repository

_r = repository.c
COLUMNS = (
    _r.id,
    _r.kind,
    _r.owner_id,
    account.c.name.label("owner"),
    _r.name,
    _r.visibility,
    _r.gated,
    _r.disabled_reason,
    _r.default_branch,
    _r.options,
    _r.head,
    _r.card,
    _r.description,
    _r.tags,
    _r.config,
    _r.pipeline_tag,
    _r.library_name,
    _r.license,
    _r.parameters,
    _r.weights,
    _r.used_storage,
    _r.downloads,
    _r.downloads_all_time,
    _r.likes,
    _r.trending,
    _r.created_at,
    _r.updated_at,
)
"""In the order of the fields of :class:`Repository`."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode


class Found(NamedTuple):
    """A repository, and the role an access grant gives the caller on it."""

    repository: Repository
    granted: MemberRole | None


class Owner(NamedTuple):
    """The account a repository is created under."""

    id: int
    name: str
    default_visibility: str


def to_repository(row: Sequence[Any]) -> Repository:
    """The repository in the first columns (:data:`COLUMNS`) of a row."""
    (
        identity, kind, owner_id, owner, name, visibility, gated, disabled, branch, options, head, card, description,
        tags, config, pipeline_tag, library_name, license_, parameters, weights, *counters,
    ) = row[: len(COLUMNS)]  # fmt: skip
    used, downloads, all_time, likes, trending, created_at, updated_at = counters
    return Repository(
        id=identity,
        kind=kind,
        owner_id=owner_id,
        owner=owner,
        name=name,
        visibility=visibility,
        gated=gated,
        disabled_reason=disabled,
        default_branch=branch,
        options=_decode(options),
        head=head.hex() if head else None,
        card=_decode(card),
        description=description,
        tags=_decode_tags(tags),
        config=_decode(config),
        pipeline_tag=pipeline_tag,
        library_name=library_name,
        license=license_,
        parameters=parameters,
        weights=_decode(weights),
        used_storage=used,
        downloads=downloads,
        downloads_all_time=all_time,
        likes=likes,
        trending=trending,
        created_at=created_at,
        updated_at=updated_at,
    )


# --- lookup ---------------------------------------------------------------------------------------------------------

_WITH_OWNER = repository.join(account, account.c.id == _r.owner_id)
_WITH_GRANT = _WITH_OWNER.outerjoin(
    access_grant,
    and_(access_grant.c.repository_id == _r.id, access_grant.c.account_id == bindparam("account_id")),
)
_FOUND: Select[Any] = select(*COLUMNS, access_grant.c.role.label("granted")).select_from(_WITH_GRANT)
_BY_NAME = Prepared(
    _FOUND.where(
        account.c.name_key == bindparam("owner_key"), _r.kind == bindparam("kind"), _r.name_key == bindparam("name_key")
    )
)
_BY_ID = Prepared(_FOUND.where(_r.id == bindparam("id")))
_BY_REDIRECT = Prepared(
    _FOUND.join(redirect, redirect.c.repository_id == _r.id).where(
        redirect.c.kind == bindparam("kind"),
        redirect.c.owner_key == bindparam("owner_key"),
        redirect.c.name_key == bindparam("name_key"),
    )
)
_MANY = select(*COLUMNS).select_from(_WITH_OWNER).where(_r.id.in_(bindparam("ids", expanding=True)))


def by_name(connection: Connection, kind: str, owner_key: str, name_key: str, account_id: int | None) -> Found | None:
    """The repository with this id (keys in lower case), seen by an account."""
    return _found(connection, _BY_NAME, account_id, kind=kind, owner_key=owner_key, name_key=name_key)


def by_redirect(
    connection: Connection, kind: str, owner_key: str, name_key: str, account_id: int | None
) -> Found | None:
    """The repository that once had this id."""
    return _found(connection, _BY_REDIRECT, account_id, kind=kind, owner_key=owner_key, name_key=name_key)


def by_id(connection: Connection, repository_id: int, account_id: int | None = None) -> Found | None:
    """The repository with this row id, seen by an account."""
    return _found(connection, _BY_ID, account_id, id=repository_id)


def _found(connection: Connection, statement: Prepared, account_id: int | None, **keys: Any) -> Found | None:
    row = statement.first(connection, {"account_id": account_id or 0, **keys})
    return Found(to_repository(row), row[-1]) if row else None


def by_ids(connection: Connection, ids: Sequence[int]) -> list[Repository]:
    """The repositories with these row ids, in the order of ``ids``; absent ones are left out."""
    rows = {row[0]: row for row in connection.execute(_MANY, {"ids": list(ids)})}
    return [to_repository(rows[identity]) for identity in ids if identity in rows]


_NEXT = (
    select(*COLUMNS)
    .select_from(_WITH_OWNER)
    .where(_r.id > bindparam("after"))
    .order_by(_r.id)
    .limit(bindparam("limit"))
)


def after(connection: Connection, last_id: int, limit: int) -> list[Repository]:
    """The repositories with ids above ``last_id``, in order of id."""
    return [to_repository(row) for row in connection.execute(_NEXT, {"after": last_id, "limit": limit})]


_OWNER = select(account.c.id, account.c.name, account.c.default_visibility).where(
    account.c.name_key == bindparam("name_key"), account.c.disabled_at.is_(None)
)


def owner(connection: Connection, name_key: str) -> Owner | None:
    """The account with this name, unless it is disabled."""
    row = connection.execute(_OWNER, {"name_key": name_key}).first()
    return Owner(*row) if row else None


_OPEN_TO_ALL = and_(_r.visibility == "public", _r.gated == "")
_ROLE = or_(
    _r.owner_id == bindparam("account_id"),
    select(literal(1))
    .where(membership.c.organization_id == _r.owner_id, membership.c.account_id == bindparam("account_id"))
    .exists(),
    select(literal(1))
    .where(access_grant.c.repository_id == _r.id, access_grant.c.account_id == bindparam("account_id"))
    .exists(),
    select(literal(1)).where(account.c.id == bindparam("account_id"), account.c.is_admin).exists(),
)
_READABLE = select(_r.id).where(
    _r.id.in_(bindparam("ids", expanding=True)), _r.disabled_reason.is_(None), or_(_OPEN_TO_ALL, _ROLE)
)


def readable(connection: Connection, account_id: int | None, repository_ids: Sequence[int]) -> set[int]:
    """Those of ``repository_ids`` whose files the account may read: a gated repository only with a role on it."""
    if not repository_ids:
        return set()
    values = {"account_id": account_id or 0, "ids": list(repository_ids)}
    return set(connection.execute(_READABLE, values).scalars())


# --- change ---------------------------------------------------------------------------------------------------------

_INSERT = insert_or_ignore(repository, _r.id)
_UPDATE = update(repository).where(_r.id == bindparam("id_"))
_DELETE = delete(repository).where(_r.id == bindparam("id_"))
_UNLINK = delete(file_link).where(file_link.c.repository_id == bindparam("id_"))
_REDIRECT = upsert(redirect, ["kind", "owner_key", "name_key"], ["repository_id"])
_NO_REDIRECT = delete(redirect).where(
    redirect.c.kind == bindparam("kind_"),
    redirect.c.owner_key == bindparam("owner_"),
    redirect.c.name_key == bindparam("name_"),
)
_GRANT = upsert(access_grant, ["repository_id", "account_id"], ["role"])


def add(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Insert a repository; its row id, or ``None`` where the id is taken."""
    return cast("int | None", _INSERT.one(connection, values))


def change(connection: Connection, repository_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a repository."""
    connection.execute(_UPDATE.values(dict(values)), {"id_": repository_id})


def remove(connection: Connection, repository_id: int) -> None:
    """Delete a repository and every row that belongs to it; what only it used in the store is left to gc."""
    connection.execute(_UNLINK, {"id_": repository_id})
    connection.execute(_DELETE, {"id_": repository_id})


def add_redirect(connection: Connection, kind: str, owner_key: str, name_key: str, repository_id: int) -> None:
    """Let an old id lead to a repository."""
    _REDIRECT(connection, {"kind": kind, "owner_key": owner_key, "name_key": name_key, "repository_id": repository_id})


def remove_redirect(connection: Connection, kind: str, owner_key: str, name_key: str) -> None:
    """Free an old id, since a repository takes its place."""
    connection.execute(_NO_REDIRECT, {"kind_": kind, "owner_": owner_key, "name_": name_key})


def grant(connection: Connection, repository_id: int, account_id: int, role: MemberRole, now: int) -> None:
    """Give an account a role on one repository."""
    row = {"repository_id": repository_id, "account_id": account_id, "role": role, "created_at": now}
    _GRANT(connection, row)


# --- copies and sums ------------------------------------------------------------------------------------------------

_COPIED = (git_object, ref, path_entry, path_index, repository_tag, file_link)
_PULL_REQUESTS = "refs/pr/%"


def _copy_statement(table: Any) -> Any:
    fresh: dict[str, Any] = {
        "repository_id": bindparam("target"),
        **({"account_id": bindparam("account_id")} if table is file_link else {}),
    }
    columns = [column.name for column in table.c]
    rows = select(*[fresh.get(name, table.c[name]) for name in columns]).where(
        table.c.repository_id == bindparam("source")
    )
    named = {"ref": "name", "path_entry": "ref", "path_index": "ref"}.get(table.name)
    if named:  # pull requests stay with the threads they belong to
        rows = rows.where(table.c[named].not_like(_PULL_REQUESTS))
    return insert(table).from_select(columns, rows)


_COPIES = [_copy_statement(table) for table in _COPIED]


def copy_content(connection: Connection, source: int, target: int, account_id: int | None) -> None:
    """Give ``target`` the objects, branches, tags and file links of ``source``."""
    for statement in _COPIES:
        connection.execute(statement, {"source": source, "target": target, "account_id": account_id})


_STORED = select(func.coalesce(func.sum(file_link.c.size), 0)).where(file_link.c.repository_id == bindparam("id"))
_STORED_OF_OWNER = select(func.coalesce(func.sum(_r.used_storage), 0)).where(_r.owner_id == bindparam("id"))


def stored_bytes(connection: Connection, repository_id: int) -> int:
    """Bytes of all distinct large files of a repository's history."""
    return int(connection.execute(_STORED, {"id": repository_id}).scalar_one())


def stored_bytes_of_owner(connection: Connection, owner_id: int, kind: RepositoryKind | None = None) -> int:
    """Sum of ``used_storage`` over an account's repositories."""
    statement = _STORED_OF_OWNER.where(_r.kind == kind) if kind else _STORED_OF_OWNER
    return int(connection.execute(statement, {"id": owner_id}).scalar_one())
