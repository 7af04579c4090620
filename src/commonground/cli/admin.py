"""``commonground admin``: make users, organisations, tokens and invitations, whether a server runs or not."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, TypeVar, get_args

import cyclopts

from commonground import settings as configuration
from commonground.accounts.model import MemberRole, TokenRole
from commonground.accounts.service import Accounts
from commonground.cli.values import moment_of, scope_of
from commonground.database import Database
from commonground.database.migrations import migrate
from commonground.errors import BadRequest

T = TypeVar("T")

app = cyclopts.App(name="admin", help="Create users, organisations, tokens and invitations.")

_PASSWORD_LIMIT = 4096
LONGEST_INVITATION = 365


@app.command
def create_user(
    name: str,
    *,
    full_name: str = "",
    email: str = "",
    admin: bool = False,
    password_stdin: bool = False,
    data: Path | None = None,
) -> None:
    """Create a user. Without a password only tokens get in.

    Parameters
    ----------
    name
        Letters, digits, '-' and '_'.
    full_name
        The name people read.
    email
        Where to reach the user.
    admin
        The user administers this server.
    password_stdin
        Read the password from the first line of standard input.
    data
        Directory of everything the server keeps.

    """
    password = sys.stdin.readline(_PASSWORD_LIMIT).rstrip("\r\n") if password_stdin else None

    async def work(accounts: Accounts) -> str:
        made = await accounts.create_user(
            name, full_name=full_name, email=email, password=password, is_admin=admin, by_admin=True
        )
        return made.name

    print(f"created user {_run(data, work)}")


@app.command
def create_org(
    name: str,
    *,
    full_name: str = "",
    member: tuple[str, ...] = (),
    default_visibility: Literal["public", "private"] = "public",
    data: Path | None = None,
) -> None:
    """Create an organisation.

    Parameters
    ----------
    name
        Letters, digits, '-' and '_'.
    full_name
        The name people read.
    member
        USER:admin, USER:write, USER:contributor or USER:read; may be given several times.
    default_visibility
        Of new repositories.
    data
        Directory of everything the server keeps.

    """
    members = dict(_member(text) for text in member)

    async def work(accounts: Accounts) -> str:
        made = await accounts.create_organization(
            name, full_name=full_name, members=members, default_visibility=default_visibility
        )
        return made.name

    print(f"created organisation {_run(data, work)}")


@app.command
def create_token(
    user: str,
    *,
    name: str = "command line",
    role: TokenRole = "write",
    scope: tuple[str, ...] = (),
    expires: str | None = None,
    value: str | None = None,
    data: Path | None = None,
) -> None:
    """Create an access token and print it, and nothing else. It is never shown again.

    Parameters
    ----------
    user
        Whose token it is.
    name
        What lists call it.
    role
        What it may do, as far as its user may.
    scope
        For a fine-grained token: PERMISSION[:TARGET], as in repo.write:model:owner/name; may be given several times.
    expires
        A number of hours or days (12h, 30d) or a date (2030-01-31).
    value
        Fixes the text of the token.
    data
        Directory of everything the server keeps.

    """
    scopes = [scope_of(text) for text in scope]
    expires_at = None if expires is None else moment_of(expires)

    async def work(accounts: Accounts) -> str:
        account = await accounts.find(user)
        return await accounts.create_token(
            account.id, name=name, role=role, scopes=scopes, expires_at=expires_at, value=value
        )

    print(_run(data, work))


@app.command
def invite(*, days: int = 7, data: Path | None = None) -> None:
    """Make a one-time link with which somebody may join, and print its address, and nothing else.

    Parameters
    ----------
    days
        How long the link works.
    data
        Directory of everything the server keeps.

    """
    if not 1 <= days <= LONGEST_INVITATION:
        raise BadRequest(reason=f"an invitation is valid for 1 to {LONGEST_INVITATION} days")

    async def work(accounts: Accounts) -> str:
        code = await accounts.invite(days=days)
        return f"{accounts.settings.public_url.rstrip('/') or accounts.settings.address}/join/{code}"

    print(_run(data, work))


def _run(data: Path | None, work: Callable[[Accounts], Awaitable[T]]) -> T:
    settings, _ = configuration.load({"data": data})
    migrate(settings.database_address)
    database = Database(settings.database_address, 1)

    async def main() -> T:
        return await work(Accounts(database, settings))

    try:
        return asyncio.run(main())
    finally:
        database.close()


def _member(text: str) -> tuple[str, MemberRole]:
    name, _, role = text.partition(":")
    for known in get_args(MemberRole):
        if role == known:
            return name, known
    raise BadRequest(reason=f"--member {text}: write USER:{'|'.join(get_args(MemberRole))}")
