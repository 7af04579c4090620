"""SQL of accounts, memberships and tokens. Sessions and one-time links are in ``session_queries.py``."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, or_, select, update

from commonground.accounts.model import Account, MemberRole, Scope, TokenInfo
from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.prepared import Prepared
from commonground.database.schema.accounts import account, membership, token

decode_scopes = msgspec.json.Decoder(tuple[Scope, ...]).decode

_ACCOUNT_COLUMNS = [account.c[name] for name in Account.__struct_fields__]

_BY_ID = select(*_ACCOUNT_COLUMNS).where(account.c.id == bindparam("id"))
_BY_KEY = select(*_ACCOUNT_COLUMNS).where(account.c.name_key == bindparam("key"))
_BY_IDS = select(*_ACCOUNT_COLUMNS).where(account.c.id.in_(bindparam("ids", expanding=True)))
_ADD_ACCOUNT = insert_or_ignore(account, account.c.id)
_CHANGE_ACCOUNT = update(account).where(account.c.id == bindparam("account_id"))
_ADMIN_EXISTS = select(account.c.id).where(account.c.is_admin, account.c.disabled_at.is_(None)).limit(1)
_PASSWORD = select(account.c.id, account.c.password_hash, account.c.disabled_at).where(
    account.c.name_key == bindparam("key"), account.c.kind == "user"
)

_MEMBER = upsert(membership, ["organization_id", "account_id"], ["role"])
_REMOVE_MEMBER = delete(membership).where(
    membership.c.organization_id == bindparam("organization"), membership.c.account_id == bindparam("member")
)
_ORGANIZATIONS = (
    select(*_ACCOUNT_COLUMNS, membership.c.role)
    .join(membership, membership.c.organization_id == account.c.id)
    .where(membership.c.account_id == bindparam("id"), account.c.disabled_at.is_(None))
    .order_by(account.c.name_key)
)
_MEMBERS = (
    select(*_ACCOUNT_COLUMNS, membership.c.role)
    .join(membership, membership.c.account_id == account.c.id)
    .where(membership.c.organization_id == bindparam("id"))
    .order_by(account.c.name_key)
)

CALLER_COLUMNS = (account.c.id, account.c.name, account.c.is_admin, membership.c.organization_id, membership.c.role)
_TOKEN_CALLER = (
    select(
        *CALLER_COLUMNS,
        token.c.id.label("token_id"),
        token.c.role.label("token_role"),
        token.c.scopes,
        token.c.expires_at,
        token.c.last_used_at,
        token.c.digest,
    )
    .select_from(token.join(account, account.c.id == token.c.account_id))
    .outerjoin(membership, membership.c.account_id == account.c.id)
    .where(account.c.disabled_at.is_(None))
)
_BY_DIGEST = Prepared(_TOKEN_CALLER.where(token.c.digest == bindparam("digest")))
_BY_TOKEN_ID = Prepared(_TOKEN_CALLER.where(token.c.id == bindparam("token_id")))
_CALLER = (
    select(*CALLER_COLUMNS)
    .select_from(account.outerjoin(membership, membership.c.account_id == account.c.id))
    .where(account.c.id == bindparam("id"), account.c.disabled_at.is_(None))
)

_TOKEN_COLUMNS = [token.c[name] for name in TokenInfo.__struct_fields__]
_TOKENS = select(*_TOKEN_COLUMNS).where(token.c.account_id == bindparam("id")).order_by(token.c.id)
_TOKEN = select(*_TOKEN_COLUMNS).where(token.c.id == bindparam("id"))
_ADD_TOKEN = insert(token)
_REMOVE_SAME_TOKEN = delete(token).where(
    token.c.digest == bindparam("digest"), token.c.account_id == bindparam("owner")
)
_TOKEN_OF_DIGEST = select(token.c.id).where(token.c.digest == bindparam("digest"))
_REMOVE_TOKEN = delete(token).where(token.c.id == bindparam("token_id"), token.c.account_id == bindparam("owner"))
_TOUCH = (
    update(token)
    .where(
        token.c.id == bindparam("token_id"),
        or_(token.c.last_used_at.is_(None), token.c.last_used_at < bindparam("used_at")),
    )
    .values(last_used_at=bindparam("used_at"))
)


def account_by_id(connection: Connection, account_id: int) -> Account | None:
    """The account with this id."""
    row = connection.execute(_BY_ID, {"id": account_id}).mappings().first()
    return None if row is None else _account(row)


def account_by_key(connection: Connection, key: str) -> Account | None:
    """The account with this name in its looked-up spelling."""
    row = connection.execute(_BY_KEY, {"key": key}).mappings().first()
    return None if row is None else _account(row)


def accounts_by_ids(connection: Connection, ids: Sequence[int]) -> dict[int, Account]:
    """The accounts with these ids, by id."""
    rows = connection.execute(_BY_IDS, {"ids": list(ids)}).mappings()
    return {row["id"]: _account(row) for row in rows}


def add_account(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Insert an account; its id, or ``None`` when the name is taken."""
    new: int | None = _ADD_ACCOUNT.one(connection, values)
    return new


def change_account(connection: Connection, account_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of an account."""
    connection.execute(_CHANGE_ACCOUNT.values(**values), {"account_id": account_id})


def admin_exists(connection: Connection) -> bool:
    """Whether anybody administers this server."""
    return connection.execute(_ADMIN_EXISTS).first() is not None


def password_of(connection: Connection, key: str) -> tuple[int, str | None, int | None] | None:
    """Id, password hash and time of disabling of the user with this name."""
    row = connection.execute(_PASSWORD, {"key": key}).first()
    return None if row is None else (row[0], row[1], row[2])


def set_member(connection: Connection, organization_id: int, account_id: int, role: MemberRole) -> None:
    """Make an account a member, or change its role."""
    _MEMBER(connection, {"organization_id": organization_id, "account_id": account_id, "role": role})


def remove_member(connection: Connection, organization_id: int, account_id: int) -> bool:
    """End a membership; whether there was one."""
    values = {"organization": organization_id, "member": account_id}
    return connection.execute(_REMOVE_MEMBER, values).rowcount > 0


def organizations_of(connection: Connection, account_id: int) -> list[tuple[Account, MemberRole]]:
    """The organisations an account belongs to, by name."""
    return [(_account(row), row["role"]) for row in connection.execute(_ORGANIZATIONS, {"id": account_id}).mappings()]


def members_of(connection: Connection, organization_id: int) -> list[tuple[Account, MemberRole]]:
    """The members of an organisation, by name."""
    return [(_account(row), row["role"]) for row in connection.execute(_MEMBERS, {"id": organization_id}).mappings()]


def rows_by_digest(connection: Connection, digest: bytes) -> Sequence[Any]:
    """A row per membership of the account behind a token (one without, if it has none); empty for no such token."""
    return _BY_DIGEST.all(connection, {"digest": digest})


def rows_by_token(connection: Connection, token_id: int) -> Sequence[Any]:
    """Like :func:`rows_by_digest`, for the token with this id."""
    return _BY_TOKEN_ID.all(connection, {"token_id": token_id})


def caller_rows(connection: Connection, account_id: int) -> Sequence[Any]:
    """A row per membership of an account that is not disabled."""
    return connection.execute(_CALLER, {"id": account_id}).all()


def tokens_of(connection: Connection, account_id: int) -> list[TokenInfo]:
    """The tokens of an account, oldest first."""
    return [_token(row) for row in connection.execute(_TOKENS, {"id": account_id}).mappings()]


def token_by_id(connection: Connection, token_id: int) -> TokenInfo | None:
    """The token with this id."""
    row = connection.execute(_TOKEN, {"id": token_id}).mappings().first()
    return None if row is None else _token(row)


def add_token(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Insert a token, replacing the account's own with the same text; ``False`` when another account has that text."""
    digest = {"digest": values["digest"]}
    connection.execute(_REMOVE_SAME_TOKEN, {**digest, "owner": values["account_id"]})
    if connection.execute(_TOKEN_OF_DIGEST, digest).first():
        return False
    connection.execute(_ADD_TOKEN, dict(values))
    return True


def remove_token(connection: Connection, account_id: int, token_id: int) -> bool:
    """Delete a token of an account; whether there was one."""
    return connection.execute(_REMOVE_TOKEN, {"token_id": token_id, "owner": account_id}).rowcount > 0


def touch_tokens(connection: Connection, used_at: Mapping[int, int]) -> None:
    """Record when tokens were used last: token id -> UTC milliseconds, at least one."""
    rows = [{"token_id": token_id, "used_at": moment} for token_id, moment in sorted(used_at.items())]
    connection.execute(_TOUCH, rows)


def _account(row: RowMapping) -> Account:
    return Account(**{name: row[name] for name in Account.__struct_fields__})


def _token(row: RowMapping) -> TokenInfo:
    values = {name: row[name] for name in TokenInfo.__struct_fields__}
    return TokenInfo(**{**values, "scopes": decode_scopes(row["scopes"])})
