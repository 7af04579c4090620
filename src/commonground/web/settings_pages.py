"""The settings of the person who is signed in: profile, access tokens, password."""

from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.model import Principal, Scope, TokenRole
from commonground.accounts.service import DAY, Accounts
from commonground.database.clock import now_ms
from commonground.errors import CommongroundError, Forbidden, TokenNotFound
from commonground.http import identity
from commonground.http.routing import Route
from commonground.web.forms import Refused, read_form
from commonground.web.i18n import marked
from commonground.web.site import Site

LIFETIMES = ("7", "30", "90", "365", "")
"""Days a token may live; empty: until it is revoked."""


class SettingsPages:
    """``/settings/profile``, ``/settings/tokens`` and ``/settings/password``: for sessions only, not for tokens."""

    def __init__(self, site: Site, accounts: Accounts) -> None:
        self._site, self._accounts = site, accounts

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route = self._site.route
        return [
            route("GET", "/settings", self.first, "Settings"),
            route("GET", "/settings/profile", self.profile, "Your profile"),
            route("POST", "/settings/profile", self.change_profile, "Change your profile"),
            route("GET", "/settings/tokens", self.tokens, "Your access tokens"),
            route("POST", "/settings/tokens", self.create_token, "Create an access token"),
            route("POST", "/settings/tokens/{id}/revoke", self.revoke_token, "Revoke an access token"),
            route("GET", "/settings/password", self.password, "Your password"),
            route("POST", "/settings/password", self.change_password, "Change your password"),
        ]

    async def first(self, request: Request) -> Response:
        """To the first of the pages."""
        return RedirectResponse("/settings/profile", 303)

    async def profile(self, request: Request) -> Response:
        """Name and e-mail address."""
        account = await self._accounts.by_id(await self._person(request))
        saved = "saved" in request.query_params
        return await self._site.page(request, "settings/profile.html", account=account, saved=saved, problem=None)

    async def change_profile(self, request: Request) -> Response:
        """Save name and e-mail address."""
        account_id, form = await self._person(request), await read_form(request)
        try:
            await self._accounts.update(
                account_id, full_name=form.get("full_name", "").strip(), email=form.get("email", "").strip()
            )
        except (CommongroundError, Refused) as error:
            account = await self._accounts.by_id(account_id)
            return await self._site.again(request, "settings/profile.html", error, account=account, saved=False)
        return RedirectResponse("/settings/profile?saved=1", 303)

    async def tokens(self, request: Request) -> Response:
        """All tokens, and the form for a new one."""
        tokens = await self._accounts.list_tokens(await self._person(request))
        return await self._site.page(
            request, "settings/tokens.html", tokens=tokens, lifetimes=LIFETIMES, created=None, problem=None
        )

    async def create_token(self, request: Request) -> Response:
        """A new token: this answer is the only one that shows its text."""
        account_id, form = await self._person(request), await read_form(request)
        shared: dict[str, Any] = {"lifetimes": LIFETIMES}
        try:
            role, scopes = _rights(form)
            text = await self._accounts.create_token(
                account_id, name=_token_name(form), role=role, scopes=scopes, expires_at=_end(form)
            )
        except (CommongroundError, Refused) as error:
            tokens = await self._accounts.list_tokens(account_id)
            return await self._site.again(request, "settings/tokens.html", error, tokens=tokens, created=None, **shared)
        tokens = await self._accounts.list_tokens(account_id)
        return await self._site.page(
            request, "settings/tokens.html", store=False, tokens=tokens, created=text, problem=None, **shared
        )

    async def revoke_token(self, request: Request) -> Response:
        """End a token."""
        account_id, number = await self._person(request), request.path_params["id"]
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            raise TokenNotFound
        await self._accounts.revoke_token(account_id, int(number))
        return RedirectResponse("/settings/tokens", 303)

    async def password(self, request: Request) -> Response:
        """The form."""
        await self._person(request)
        return await self._site.page(request, "settings/password.html", problem=None)

    async def change_password(self, request: Request) -> Response:
        """Set a new password. Every session ends: sign in again."""
        account_id, form = await self._person(request), await read_form(request)
        try:
            if form.get("password") != form.get("password_again"):
                raise Refused(marked("The two passwords differ."))
            await self._accounts.change_password(account_id, form.get("current", ""), form.get("password", ""))
        except (CommongroundError, Refused) as error:
            return await self._site.again(request, "settings/password.html", error)
        response = RedirectResponse("/login", 303)
        identity.clear_session(response, self._site.settings)
        return response

    async def _person(self, request: Request) -> int:
        """The account of the session; a token may not change how its account is reached."""
        principal: Principal = await identity.signed_in(request, self._accounts)
        if principal.via != "session":
            raise Forbidden(action="change the settings of", resource=principal.name)
        assert principal.account_id is not None
        return principal.account_id


def _token_name(form: dict[str, str]) -> str:
    name = form.get("name", "").strip()
    if not name:
        raise Refused(marked("The token needs a name."))
    return name


def _rights(form: dict[str, str]) -> tuple[TokenRole, list[Scope]]:
    role = next((known for known in get_args(TokenRole) if known == form.get("role")), None)
    if role is None:
        raise Refused(marked("The role of the token is unknown."))
    if role != "fine-grained":
        return role, []
    target, permission = form.get("target", "").strip(), form.get("permission", "")
    if not target or permission not in {"repo.read", "repo.write"}:
        raise Refused(marked("A fine-grained token needs a permission and a target."))
    return role, [Scope(permission, target)]


def _end(form: dict[str, str]) -> int | None:
    days = form.get("days", "")
    if days not in LIFETIMES:
        raise Refused(marked("The lifetime of the token is unknown."))
    return now_ms() + int(days) * DAY if days else None
