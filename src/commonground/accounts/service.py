"""The rules of accounts: who is calling, who may join, and with which secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from commonground.accounts import names, queries, secret_text, session_queries
from commonground.accounts.last_used import LastUsed
from commonground.accounts.model import (
    ANONYMOUS,
    Account,
    Credentials,
    MemberRole,
    Principal,
    Scope,
    TokenInfo,
    TokenRole,
    Visibility,
)
from commonground.accounts.passwords import Passwords
from commonground.accounts.signing import Signer, master_key
from commonground.accounts.throttle import Throttle
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import (
    AccountExists,
    AccountNotFound,
    BadRequest,
    InvalidCredentials,
    LinkExpired,
    RegistrationClosed,
    TokenNotFound,
)
from commonground.settings import Settings

DAY = 86_400_000
FIRST_ADMIN, INVITATION = "first-admin", "invitation"
READING_LINK = "reading-link"
"""Purpose of the signed addresses of :meth:`Accounts.sign_link`."""
TEXT_LIMIT = 256
"""Longest full name, e-mail address and token name, in characters."""


class Accounts:
    """Users, organisations, their tokens and sessions."""

    def __init__(
        self, database: Database, settings: Settings | None = None, passwords: Passwords | None = None
    ) -> None:
        self._database = database
        self.settings = settings or Settings()
        self._passwords = passwords or Passwords()
        self._throttle = Throttle()
        self._last_used = LastUsed(database)

    async def close(self) -> None:
        """Write what is still pending."""
        await self._last_used.close()

    # Who is calling

    async def authenticate(self, credentials: Credentials, address: str = "") -> Principal:
        """The caller behind ``credentials``: ``ANONYMOUS`` for none, :class:`InvalidCredentials` for wrong, expired or
        revoked ones and for disabled accounts. In basic authentication the secret may be a token or a password;
        :class:`TooManyRequests` after many wrong ones for the account from ``address``, the caller's.
        """
        match credentials.kind:
            case "none":
                return ANONYMOUS
            case "session":
                return await self._by_session(credentials.secret)
            case "link":
                return await self._by_link(credentials.secret)
            case "bearer":
                principal = await self._by_token(credentials.secret)
            case _:
                principal = await self._by_token(credentials.secret or credentials.user)
                if principal is None and credentials.user and credentials.secret:
                    principal = await self._by_password(credentials.user, credentials.secret, address)
        if principal is None:
            raise InvalidCredentials
        return principal

    async def _by_token(self, text: str) -> Principal | None:
        return self.of_token(await self._database.lookup(queries.rows_by_digest, secret_text.digest(text)))

    def of_token(self, rows: Sequence[Any]) -> Principal | None:
        """The caller behind the rows of a token, which counts as used now; ``None`` if it is gone or has expired."""
        if not rows:
            return None
        row, now = rows[0], now_ms()
        if row.expires_at is not None and row.expires_at <= now:
            return None
        self._last_used.note(row.token_id, row.last_used_at, now)
        scopes = () if row.scopes == "[]" else queries.decode_scopes(row.scopes)
        return _principal(rows, via="token", token_id=row.token_id, token_role=row.token_role, scopes=scopes)

    async def of_account(self, account_id: int) -> Principal:
        """The account itself, for whoever holds a token this server signed after its password was checked;
        :class:`InvalidCredentials` if it is gone or disabled.
        """
        return _principal(await self._database.lookup(queries.caller_rows, account_id), via="password")

    async def _by_session(self, cookie: str) -> Principal:
        def work(connection: Connection) -> Sequence[Any]:
            account_id = session_queries.account_of_session(connection, secret_text.digest(cookie), now_ms())
            return [] if account_id is None else queries.caller_rows(connection, account_id)

        return _principal(await self._database.lookup(work), via="session")

    async def _by_link(self, text: str) -> Principal:
        payload = (await self._signer()).verify(READING_LINK, text)
        if payload["account"] is None:
            return ANONYMOUS
        rows = await self._database.lookup(queries.caller_rows, payload["account"])
        scopes = (Scope("repo.read", payload["target"]),)
        return _principal(rows, via="link", token_role="fine-grained", scopes=scopes)

    async def sign_link(self, principal: Principal, target: str, seconds: int) -> str:
        """A token that reads one repository (``"kind:owner/name"``) as ``principal`` may, for clients that can send
        nothing but an address. Whoever holds it can use it until it expires.
        """
        return (await self._signer()).sign(READING_LINK, {"account": principal.account_id, "target": target}, seconds)

    async def _signer(self) -> Signer:
        return Signer(await master_key(self._database, self.settings))

    async def _by_password(self, name: str, password: str, address: str) -> Principal:
        account_id = await self._check_password(name, password, address)
        return _principal(await self._database.lookup(queries.caller_rows, account_id), via="password")

    async def _check_password(self, name: str, password: str, address: str) -> int:
        named = names.key(name) if names.is_name(name) else ""
        self._throttle.check(named, address)
        found = await self._database.lookup(queries.password_of, named) if named else None
        account_id, hashed, disabled = found or (0, None, None)
        if not await self._passwords.verify(hashed, password) or disabled is not None:
            self._throttle.failed(named, address)
            raise InvalidCredentials
        self._throttle.succeeded(named, address)
        if hashed and self._passwords.outdated(hashed):
            changed = {"password_hash": await self._passwords.hash(password, by_admin=True)}
            await self._database.write(queries.change_account, account_id, changed)
        return account_id

    # Accounts

    async def create_user(
        self,
        name: str,
        *,
        full_name: str = "",
        email: str = "",
        password: str | None = None,
        is_admin: bool = False,
        by_admin: bool = False,
    ) -> Account:
        """A new user. Without a password only tokens get in. Raises :class:`InvalidName`, :class:`AccountExists`,
        :class:`WeakPassword`.
        """
        values = await self._user_values(name, full_name, email, password, by_admin=by_admin)
        return await self._database.write(_insert_account, {**values, "is_admin": is_admin})

    async def create_organization(
        self,
        name: str,
        *,
        full_name: str = "",
        members: Mapping[str, MemberRole] | None = None,
        default_visibility: Visibility = "public",
    ) -> Account:
        """A new organisation with ``members`` (user name -> role). Raises :class:`InvalidName`,
        :class:`AccountExists`, and :class:`AccountNotFound` for a member who is no user.
        """
        values = {
            "kind": "organization",
            **_naming(name, full_name, by_admin=True),
            "default_visibility": default_visibility,
        }
        return await self._database.write(_insert_organization, values, members or {})

    async def find(self, name: str) -> Account:
        """The user or organisation of this name, in any case; :class:`AccountNotFound`."""
        found = await self._database.lookup(queries.account_by_key, names.key(name)) if names.is_name(name) else None
        if found is None:
            raise AccountNotFound(name=name[:80])
        return found

    async def by_id(self, account_id: int) -> Account:
        """The account with this id; :class:`AccountNotFound`."""
        found = await self._database.lookup(queries.account_by_id, account_id)
        if found is None:
            raise AccountNotFound(name=f"#{account_id}")
        return found

    async def by_ids(self, account_ids: Sequence[int]) -> dict[int, Account]:
        """The accounts with these ids; unknown ids are left out."""
        return await self._database.lookup(queries.accounts_by_ids, account_ids)

    async def update(
        self,
        account_id: int,
        *,
        full_name: str | None = None,
        email: str | None = None,
        locale: str | None = None,
        default_visibility: Visibility | None = None,
    ) -> Account:
        """Change what is given; the account as it is now."""
        given = {
            "full_name": full_name and _text(full_name, "full name"),
            "email": email and _text(email, "e-mail address"),
            "locale": locale and _text(locale, "locale", 16),
            "default_visibility": default_visibility,
        }
        values = {name: value for name, value in given.items() if value is not None}
        if values:
            await self._database.write(queries.change_account, account_id, values)
        return await self.by_id(account_id)

    async def set_disabled(self, account_id: int, disabled: bool) -> None:
        """Shut an account out, at once and through every token and session, or let it in again."""
        moment = now_ms() if disabled else None
        await self._database.write(queries.change_account, account_id, {"disabled_at": moment})

    async def organizations_of(self, account_id: int) -> list[tuple[Account, MemberRole]]:
        """The organisations a user belongs to, by name, with the user's role."""
        return await self._database.lookup(queries.organizations_of, account_id)

    async def members_of(self, organization_id: int) -> list[tuple[Account, MemberRole]]:
        """The members of an organisation, by name, with their roles."""
        return await self._database.read(queries.members_of, organization_id)

    async def set_member(self, organization_id: int, account_id: int, role: MemberRole | None) -> None:
        """Make a user a member, change the role, or end the membership (``None``)."""
        if role is None:
            await self._database.write(queries.remove_member, organization_id, account_id)
        else:
            await self._database.write(queries.set_member, organization_id, account_id, role)

    # Tokens

    async def create_token(
        self,
        account_id: int,
        *,
        name: str,
        role: TokenRole,
        scopes: Sequence[Scope] = (),
        expires_at: int | None = None,
        value: str | None = None,
    ) -> str:
        """A new access token; its text is returned once and never stored. ``expires_at`` is in UTC milliseconds.

        ``value`` fixes the text; the account's own token with the same text is replaced. Raises
        :class:`AccountNotFound`, and :class:`BadRequest` for a text that is too short or another account's.
        """
        text = secret_text.check_token(value) if value else secret_text.new_token()
        values = {
            "account_id": (await self.by_id(account_id)).id,
            "name": _text(name, "token name"),
            "digest": secret_text.digest(text),
            "preview": secret_text.preview(text),
            "role": role,
            "scopes": msgspec.json.encode(list(scopes)).decode(),
            "created_at": now_ms(),
            "expires_at": expires_at,
        }
        if not await self._database.write(queries.add_token, values):
            raise BadRequest(reason="another account has a token with this text")
        return text

    async def list_tokens(self, account_id: int) -> list[TokenInfo]:
        """The tokens of an account, oldest first, without their texts."""
        return await self._database.lookup(queries.tokens_of, account_id)

    async def token(self, token_id: int) -> TokenInfo:
        """The token with this id; :class:`TokenNotFound`."""
        found = await self._database.lookup(queries.token_by_id, token_id)
        if found is None:
            raise TokenNotFound
        return found

    async def revoke_token(self, account_id: int, token_id: int) -> None:
        """Delete a token: the next request that carries it is refused. :class:`TokenNotFound`."""
        if not await self._database.write(queries.remove_token, account_id, token_id):
            raise TokenNotFound

    # Passwords, sessions and joining

    async def sign_in(self, name: str, password: str, user_agent: str = "", address: str = "") -> str:
        """Start a browser session; the cookie's value. :class:`InvalidCredentials`, and :class:`TooManyRequests` after
        many wrong passwords for the account from ``address``, the caller's.
        """
        account_id = await self._check_password(name, password, address)
        return await self._start_session(account_id, user_agent)

    async def _start_session(self, account_id: int, user_agent: str) -> str:
        cookie, now = secret_text.new_secret(), now_ms()
        values = {
            "digest": secret_text.digest(cookie),
            "account_id": account_id,
            "user_agent": user_agent[:TEXT_LIMIT],
            "created_at": now,
            "expires_at": now + self.settings.session_days * DAY,
        }

        def work(connection: Connection) -> None:
            session_queries.remove_expired(connection, now)
            session_queries.add_session(connection, values)

        await self._database.write(work)
        return cookie

    async def sign_out(self, cookie: str) -> None:
        """End a session; an unknown one is ended already."""
        await self._database.write(session_queries.remove_session, secret_text.digest(cookie))

    async def change_password(self, account_id: int, current: str, new: str) -> None:
        """Set a new password; every session of the account ends. :class:`InvalidCredentials`, :class:`WeakPassword`."""
        await self._check_password((await self.by_id(account_id)).name, current, "")
        await self._store_password(account_id, await self._passwords.hash(new))

    async def set_password(self, account_id: int, password: str) -> None:
        """Set a password without asking for the old one, as an administrator may; every session ends."""
        await self._store_password(account_id, await self._passwords.hash(password, by_admin=True))

    async def _store_password(self, account_id: int, hashed: str) -> None:

        def work(connection: Connection) -> None:
            queries.change_account(connection, account_id, {"password_hash": hashed})
            session_queries.remove_sessions_of(connection, account_id)

        await self._database.write(work)

    async def register(self, name: str, password: str, *, full_name: str = "", email: str = "") -> Account:
        """Join without an invitation; :class:`RegistrationClosed` unless registration is open."""
        if self.settings.registration != "open":
            raise RegistrationClosed(state=self.settings.registration)
        return await self.create_user(name, full_name=full_name, email=email, password=password)

    async def first_admin_link(self) -> str | None:
        """The code of a one-time link that makes its user the first administrator; ``None`` once there is one.

        The same code for a day, on every process of the server: it is derived from the master key.
        """
        if await self._database.lookup(queries.admin_exists):
            return None
        return await self._database.write(_first_admin_code, await self._signer(), now_ms())

    async def invite(self, *, days: int = 7) -> str:
        """The code of a one-time link with which somebody may join."""
        return await self._create_link(INVITATION, days)

    async def check_link(self, code: str) -> str:
        """The purpose of a link that can still be redeemed, else :class:`LinkExpired`."""
        found = await self._database.lookup(session_queries.open_link, secret_text.digest(code), now_ms())
        if found is None or (found[0] == INVITATION and self.settings.registration == "closed"):
            raise LinkExpired
        return found[0]

    async def redeem(self, code: str, name: str, password: str, *, full_name: str = "", email: str = "") -> Account:
        """Join through a one-time link. Raises :class:`LinkExpired` and what :meth:`create_user` raises; a link is
        used up only by the user it makes.
        """
        purpose = await self.check_link(code)
        values = await self._user_values(name, full_name, email, password, by_admin=False)
        return await self._database.write(
            _redeem, secret_text.digest(code), {**values, "is_admin": purpose == FIRST_ADMIN}
        )

    async def _create_link(self, purpose: str, days: int) -> str:
        code = secret_text.new_secret()
        await self._database.write(session_queries.add_link, _link(code, purpose, now_ms(), days))
        return code

    async def _user_values(
        self, name: str, full_name: str, email: str, password: str | None, *, by_admin: bool
    ) -> dict[str, Any]:
        values = {
            "kind": "user",
            **_naming(name, full_name, by_admin=by_admin),
            "email": _text(email, "e-mail address"),
        }
        hashed = None if password is None else await self._passwords.hash(password, by_admin=by_admin)
        return {**values, "password_hash": hashed}


def _principal(rows: Sequence[Any], **how: Any) -> Principal:
    if not rows:
        raise InvalidCredentials
    first = rows[0]
    memberships = {row.organization_id: row.role for row in rows if row.organization_id is not None}
    return Principal(account_id=first.id, name=first.name, is_admin=first.is_admin, memberships=memberships, **how)


def _naming(name: str, full_name: str, *, by_admin: bool) -> dict[str, Any]:
    checked = names.check_name(name, by_admin=by_admin)
    return {
        "name": checked,
        "name_key": names.key(checked),
        "full_name": _text(full_name, "full name"),
        "created_at": now_ms(),
    }


def _text(value: str, what: str, limit: int = TEXT_LIMIT) -> str:
    if len(value) > limit or not value.isprintable():
        raise BadRequest(reason=f"the {what} must be at most {limit} printable characters")
    return value


def _insert_account(connection: Connection, values: Mapping[str, Any]) -> Account:
    account_id = queries.add_account(connection, values)
    made = None if account_id is None else queries.account_by_id(connection, account_id)
    if made is None:
        raise AccountExists(name=values["name"])
    return made


def _insert_organization(
    connection: Connection, values: Mapping[str, Any], members: Mapping[str, MemberRole]
) -> Account:
    organization = _insert_account(connection, values)
    for name, role in members.items():
        member = queries.account_by_key(connection, names.key(name)) if names.is_name(name) else None
        if member is None or member.kind != "user":
            raise AccountNotFound(name=name[:80])
        queries.set_member(connection, organization.id, member.id, role)
    return organization


def _link(code: str, purpose: str, now: int, days: int) -> dict[str, Any]:
    return {
        "digest": secret_text.digest(code),
        "purpose": purpose,
        "created_at": now,
        "expires_at": now + days * DAY,
    }


def _first_admin_code(connection: Connection, signer: Signer, now: int) -> str:
    """The code of the newest link that is still open, else of a new one."""
    made_at = session_queries.newest_link(connection, FIRST_ADMIN)
    code = secret_text.derived_secret(signer.derive(f"{FIRST_ADMIN}:{made_at}"))
    if session_queries.open_link(connection, secret_text.digest(code), now) is None:
        code = secret_text.derived_secret(signer.derive(f"{FIRST_ADMIN}:{now}"))
        session_queries.add_link(connection, _link(code, FIRST_ADMIN, now, days=1))
    return code


def _redeem(connection: Connection, digest: bytes, values: Mapping[str, Any]) -> Account:
    if not session_queries.use_link(connection, digest, now_ms()):
        raise LinkExpired
    if values["is_admin"] and queries.admin_exists(connection):
        raise LinkExpired
    return _insert_account(connection, values)
