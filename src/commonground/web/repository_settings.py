"""Making a repository, and its settings: who may see it, its name, its end."""

from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.model import Principal, RepositoryKind, Visibility
from commonground.accounts.permissions import Action, may_create
from commonground.accounts.service import Accounts
from commonground.errors import CommongroundError
from commonground.http import identity
from commonground.http.routing import Route
from commonground.hub.repositories.model import KINDS
from commonground.hub.repositories.service import Gated, Repositories
from commonground.web.door import Door, Opened, templates
from commonground.web.forms import Refused, read_form
from commonground.web.i18n import marked
from commonground.web.links import LISTS, repository_url
from commonground.web.site import Site

_SDKS = ("static", "gradio", "docker", "streamlit")


class RepositorySettingsPages:
    """``/new`` and ``/settings`` of a repository."""

    def __init__(self, site: Site, door: Door, accounts: Accounts, repositories: Repositories) -> None:
        self._site, self._door, self._accounts, self._repositories = site, door, accounts, repositories

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route = self._site.route
        return [
            route("GET", "/new", self.new, "New repository"),
            route("POST", "/new", self.create, "Create a repository"),
            *(route("GET", path, self.show, "Settings of a repository") for path in templates("/settings")),
            *(route("POST", path, self.change, "Change who may see it") for path in templates("/settings")),
            *(route("POST", path, self.move, "Rename or hand over") for path in templates("/settings/move")),
            *(route("POST", path, self.delete, "Delete a repository") for path in templates("/settings/delete")),
        ]

    async def new(self, request: Request) -> Response:
        """The form."""
        principal = await identity.signed_in(request, self._accounts)
        form = dict(request.query_params)
        return await self._site.page(request, "new.html", **await self._choices(principal), form=form, problem=None)

    async def create(self, request: Request) -> Response:
        """Make the repository and show it."""
        principal, form = await identity.signed_in(request, self._accounts), await read_form(request)
        try:
            kind = _kind(form)
            made = await self._repositories.create(
                principal,
                kind,
                form.get("owner", ""),
                form.get("name", "").strip(),
                visibility=_visibility(form),
                options={"sdk": form.get("sdk")} if kind == "space" else None,
            )
        except (CommongroundError, Refused) as error:
            return await self._site.again(request, "new.html", error, **await self._choices(principal), form=form)
        return RedirectResponse(repository_url(made), 303)

    async def _choices(self, principal: Principal) -> dict[str, Any]:
        """Under which names the person may create."""
        assert principal.account_id is not None
        organizations = await self._accounts.organizations_of(principal.account_id)
        owners = [account.name for account, _ in organizations if may_create(principal, account.id, account.name)]
        return {"owners": [principal.name, *owners], "kinds": KINDS, "sdks": _SDKS}

    async def show(self, request: Request) -> Response:
        """The forms."""
        return await self._page(request, await self._door.open(request, Action.MANAGE))

    async def _page(
        self, request: Request, opened: Opened, problem: CommongroundError | Refused | None = None
    ) -> Response:
        values: dict[str, Any] = {
            "opened": opened,
            "repository": opened.repository,
            "saved": "saved" in request.query_params,
        }
        if problem is not None:
            return await self._site.again(request, "repository/settings.html", problem, **values)
        return await self._site.page(request, "repository/settings.html", problem=None, **values)

    async def change(self, request: Request) -> Response:
        """Save who may see it, and whether access has to be asked for."""
        opened, form = await self._door.open(request, Action.MANAGE), await read_form(request)
        try:
            await self._repositories.update_settings(
                opened.principal, opened.repository, visibility=_visibility(form), gated=_gated(form)
            )
        except (CommongroundError, Refused) as error:
            return await self._page(request, opened, error)
        return RedirectResponse(repository_url(opened.repository, "settings?saved=1"), 303)

    async def move(self, request: Request) -> Response:
        """Give it another name or owner; the old address leads to the new one."""
        opened, form = await self._door.open(request, Action.MANAGE), await read_form(request)
        try:
            moved = await self._repositories.move(
                opened.principal, opened.repository, form.get("owner", "").strip(), form.get("name", "").strip()
            )
        except (CommongroundError, Refused) as error:
            return await self._page(request, opened, error)
        return RedirectResponse(repository_url(moved, "settings?saved=1"), 303)

    async def delete(self, request: Request) -> Response:
        """Delete it, if its id was typed."""
        opened, form = await self._door.open(request, Action.DELETE), await read_form(request)
        if form.get("confirmation", "").strip() != opened.repository.full_name:
            refused = Refused(marked("Type %(id)s to delete it."), id=opened.repository.full_name)
            return await self._page(request, opened, refused)
        await self._repositories.delete(opened.principal, opened.repository)
        return RedirectResponse(LISTS[opened.repository.kind], 303)


def _kind(form: dict[str, str]) -> RepositoryKind:
    kind = next((known for known in KINDS if known == form.get("kind")), None)
    if kind is None:
        raise Refused(marked("The kind of the repository is unknown."))
    return kind


def _visibility(form: dict[str, str]) -> Visibility:
    found: Visibility | None = next((known for known in get_args(Visibility) if known == form.get("visibility")), None)
    if found is None:
        raise Refused(marked("Who may see the repository is unknown."))
    return found


def _gated(form: dict[str, str]) -> Gated:
    found: Gated | None = next((known for known in get_args(Gated) if known == form.get("gated")), None)
    if found is None:
        raise Refused(marked("The way access is given is unknown."))
    return found
