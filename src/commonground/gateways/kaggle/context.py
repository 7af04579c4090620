"""What every call of the gateway uses: the services, who is calling, which repository."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.model import SEGMENTS, Principal, RepositoryKind
from commonground.accounts.permissions import Action
from commonground.errors import RepositoryMoved
from commonground.gateways.kaggle.errors import render_error
from commonground.gateways.kaggle.places import Place, Places
from commonground.gateways.kaggle.publishing import Publisher
from commonground.gateways.kaggle.wire import Created, Refused
from commonground.http.identity import principal, public_origin, signed_in
from commonground.http.responses import json_response
from commonground.http.routing import Handler, Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

ROOT = "/api/v1"
CONFLICT = 409


class Context:
    """The services the gateway calls, and what all calls ask of them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.places = Places(services.revisions)
        self.publisher = Publisher(services)

    async def caller(self, request: Request) -> Principal:
        """Who is calling, anonymous or not."""
        return await principal(request, self.services.accounts)

    async def member(self, request: Request) -> Principal:
        """Who is calling; :class:`Unauthenticated` for nobody."""
        return await signed_in(request, self.services.accounts)

    async def open(
        self, caller: Principal, kind: RepositoryKind, owner: str, name: str, action: Action = Action.READ
    ) -> Repository:
        """The repository a message names, under its new name if it was renamed; files of gated ones are for those who
        have access.
        """
        repositories = self.services.repositories
        try:
            found = await repositories.open(caller, kind, owner, name, action)
        except RepositoryMoved as moved:
            owner, _, name = str(moved.details["repository"]).partition("/")
            found = await repositories.open(caller, kind, owner, name, action)
        if action is Action.READ:
            await repositories.check_files(caller, found)
        return found

    def url(self, request: Request, repository: Repository) -> str:
        """The address of the repository's page."""
        prefix = "" if repository.kind == "model" else f"/{SEGMENTS[repository.kind]}"
        return f"{public_origin(request, self.services.settings)}{prefix}/{repository.full_name}"

    def created(self, request: Request, repository: Repository) -> Response:
        """The answer to a call that made something."""
        return json_response(Created(ref=repository.full_name, url=self.url(request, repository)))

    async def send_files(
        self, caller: Principal, repository: Repository, place: Place, commit: str, path: str | None
    ) -> Response:
        """To one file of a version, or to the archive of all of them."""
        if path:
            return await self.send_to(caller, repository, f"files/{commit}/{place.inside(path)}")
        inside = f"/{place.folder}" if place.folder else ""
        return await self.send_to(caller, repository, f"archives/{commit}{inside}")

    async def send_to(self, caller: Principal, repository: Repository, path: str, **query: str) -> Response:
        """To the address in :mod:`~commonground.gateways.kaggle.downloads` that has the bytes.

        It is relative, for the client may have come through a proxy, and opens what is not public by itself: a
        download that goes on after an interruption asks for it without credentials.
        """
        if repository.visibility != "public" or repository.gated:
            accounts, seconds = self.services.accounts, self.services.settings.token_seconds
            target = f"{repository.kind}:{repository.full_name}"
            query["token"] = await accounts.sign_link(caller, target, seconds)
        place = f"{ROOT}/kaggle/{SEGMENTS[repository.kind]}/{repository.full_name}/{quote(path)}"
        return RedirectResponse(place + (f"?{urlencode(query)}" if query else ""), 303, {"Cache-Control": "no-store"})


def conflict(what: str) -> Response:
    """The answer to a call that would make what is there already: the client then adds a version to it."""
    return json_response(Refused(error=f"{what} exists already.", error_code=CONFLICT))


def calls(service: str, table: Iterable[tuple[str, Handler, str, Any, Any]]) -> list[Route]:
    """Methods of a service of Kaggle's: name, handler, summary, and the types of what is sent and answered."""
    return [
        call(service, method, handler, summary, body=body, result=result)
        for method, handler, summary, body, result in table
    ]


def call(service: str, method: str, handler: Handler, summary: str, **more: Any) -> Route:
    """A method of a service of Kaggle's."""
    return Route(
        method="POST",
        template=f"{ROOT}/{service}/{method}",
        handler=handler,
        summary=summary,
        tag="kaggle",
        render_error=render_error,
        **more,
    )
