"""Signing in and out, and joining."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.service import Accounts
from commonground.errors import CommongroundError, RegistrationClosed
from commonground.http import identity
from commonground.http.routing import Route
from commonground.web.forms import Refused, read_form
from commonground.web.i18n import marked
from commonground.web.links import local_path
from commonground.web.site import Site


class AccountPages:
    """``/login``, ``/logout`` and ``/join``. One-time links (the first administrator, invitations) are ``/join/{code}``."""

    def __init__(self, site: Site, accounts: Accounts) -> None:
        self._site, self._accounts = site, accounts

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route = self._site.route
        return [
            route("GET", "/login", self.login, "Sign in"),
            route("POST", "/login", self.sign_in, "Start a session"),
            route("POST", "/logout", self.sign_out, "End the session"),
            route("GET", "/join", self.join, "Join"),
            route("POST", "/join", self.register, "Create an account"),
            route("GET", "/join/{code}", self.invited, "Join through a one-time link"),
            route("POST", "/join/{code}", self.redeem, "Create an account through a one-time link"),
        ]

    async def login(self, request: Request) -> Response:
        """The form."""
        address = local_path(request.query_params.get("next", "/"))
        if not (await self._site.visit(request)).principal.is_anonymous:
            return RedirectResponse(address, 303)
        return await self._site.page(request, "login.html", next=address, name="", problem=None)

    async def sign_in(self, request: Request) -> Response:
        """Check the password and go back to where the visitor came from."""
        form = await read_form(request)
        name, address = form.get("name", "").strip(), local_path(form.get("next", "/"))
        try:
            return await self._enter(request, name, form.get("password", ""), address)
        except (CommongroundError, Refused) as error:
            return await self._site.again(request, "login.html", error, next=address, name=name)

    async def sign_out(self, request: Request) -> Response:
        """End the session of this browser."""
        if cookie := request.cookies.get(identity.SESSION_COOKIE):
            await self._accounts.sign_out(cookie)
        response = RedirectResponse("/", 303)
        identity.clear_session(response, self._site.settings)
        return response

    async def join(self, request: Request) -> Response:
        """The form, or why there is none."""
        return await self._site.page(request, "join.html", **self._state("open"), form={}, problem=None)

    async def register(self, request: Request) -> Response:
        """Join without an invitation."""
        form = await read_form(request)
        try:
            if self._site.settings.registration != "open":
                raise RegistrationClosed(state=self._site.settings.registration)
            await self._accounts.register(**_person(form))
            return await self._enter(request, form["name"], form["password"], "/")
        except (CommongroundError, Refused) as error:
            return await self._site.again(request, "join.html", error, **self._state("open"), form=form)

    async def invited(self, request: Request) -> Response:
        """The form of a link that can still be used; :class:`LinkExpired`."""
        purpose = await self._accounts.check_link(request.path_params["code"])
        return await self._site.page(request, "join.html", **self._state(purpose), form={}, problem=None)

    async def redeem(self, request: Request) -> Response:
        """Join through the link."""
        code, form = request.path_params["code"], await read_form(request)
        purpose = await self._accounts.check_link(code)
        try:
            await self._accounts.redeem(code, **_person(form))
            return await self._enter(request, form["name"], form["password"], "/")
        except (CommongroundError, Refused) as error:
            return await self._site.again(request, "join.html", error, **self._state(purpose), form=form)

    def _state(self, purpose: str) -> dict[str, Any]:
        closed = purpose == "open" and self._site.settings.registration != "open"
        return {"purpose": purpose, "closed": closed}

    async def _enter(self, request: Request, name: str, password: str, address: str) -> Response:
        settings = self._site.settings
        where = (request.headers.get("user-agent", ""), identity.client_address(request, settings))
        cookie = await self._accounts.sign_in(name.strip(), password, *where)
        response = RedirectResponse(address, 303)
        identity.set_session(response, cookie, settings, request)
        return response


def _person(form: dict[str, str]) -> dict[str, str]:
    if not form.get("name") or not form.get("password"):
        raise Refused(marked("A name and a password are needed."))
    if form["password"] != form.get("password_again"):
        raise Refused(marked("The two passwords differ."))
    return {
        "name": form["name"].strip(),
        "password": form["password"],
        "full_name": form.get("full_name", "").strip(),
        "email": form.get("email", "").strip(),
    }
