"""Creating, deleting, moving and configuring repositories."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal, RepositoryKind
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest, MoveTargetExists, RepositoryExists
from commonground.gateways.huggingface import wire
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint
from commonground.http.bodies import read_json
from commonground.http.identity import signed_in
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository

_SPACE_OPTIONS = ("sdk", "template", "hardware", "sleep_time_seconds", "variables", "volumes", "region")


class RepositoryRoutes:
    """Everything that changes which repositories there are."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", "/api/repos/create", self.create, "Create a repository", body=wire.CreateRepository),
            endpoint("DELETE", "/api/repos/delete", self.delete, "Delete a repository", body=wire.DeleteRepository),
            endpoint("POST", "/api/repos/move", self.move, "Rename or hand over", body=wire.MoveRepository),
            endpoint("PUT", f"{REPOSITORY}/settings", self.configure, "Change settings", body=wire.RepositorySettings),
            endpoint("POST", f"{REPOSITORY}/duplicate", self.duplicate, "Duplicate", body=wire.DuplicateRepository),
        ]

    async def create(self, request: Request) -> Response:
        """The address of the new repository; 409 with the address of the one that has the name."""
        caller = await signed_in(request, self._context.accounts)
        body = await read_json(request, wire.CreateRepository)
        kind = body.type or "model"
        try:
            made = await self._context.repositories.create(
                caller,
                kind,
                body.organization or caller.name,
                body.name,
                visibility=wire.visibility_of(body.visibility, body.private),
                options=_options(body) if kind == "space" else {},
            )
        except RepositoryExists as error:
            raise RepositoryExists(**{**error.details, "url": self._taken(request, kind, error)}) from None
        return json_response({"url": self._url(request, made), "name": made.full_name, "id": f"{made.id:024x}"})

    async def delete(self, request: Request) -> Response:
        """Delete the repository the body names."""
        caller = await self._context.caller(request)
        body = await read_json(request, wire.DeleteRepository)
        owner = body.organization or caller.name
        repository = await self._named(caller, body.type or "model", owner, body.name, Action.DELETE)
        await self._context.repositories.delete(caller, repository)
        return json_response({})

    async def move(self, request: Request) -> Response:
        """Give a repository another name or owner."""
        caller = await self._context.caller(request)
        body = await read_json(request, wire.MoveRepository)
        repository = await self._named(caller, body.type, *_split(body.from_repo), Action.MANAGE)
        try:
            moved = await self._context.repositories.move(caller, repository, *_split(body.to_repo))
        except RepositoryExists as error:
            raise MoveTargetExists(**{**error.details, "url": self._taken(request, body.type, error)}) from None
        return json_response({"url": self._url(request, moved)})

    async def configure(self, request: Request) -> Response:
        """Visibility and gating."""
        caller, repository = await self._context.opened(request, Action.MANAGE)
        body = await read_json(request, wire.RepositorySettings)
        changed = await self._context.repositories.update_settings(
            caller,
            repository,
            visibility=wire.visibility_of(body.visibility, body.private),
            gated="" if body.gated is False else body.gated,
        )
        return json_response(
            {
                "gated": changed.gated or False,
                "visibility": changed.visibility,
                "private": changed.visibility == "private",
            }
        )

    async def duplicate(self, request: Request) -> Response:
        """Copy a repository with its history; its contents are shared, so nothing is left to be copied later."""
        caller, source = await self._context.opened(request)
        body = await read_json(request, wire.DuplicateRepository)
        try:
            made = await self._context.repositories.duplicate(
                caller,
                source,
                *_split(body.repository),
                visibility=wire.visibility_of(body.visibility, body.private),
            )
        except RepositoryExists as error:
            raise RepositoryExists(**{**error.details, "url": self._taken(request, source.kind, error)}) from None
        return json_response({"url": self._url(request, made), "filesCopyPending": False})

    async def _named(
        self, caller: Principal, kind: RepositoryKind, owner: str, name: str, action: Action
    ) -> Repository:
        return await self._context.repositories.open(caller, kind, owner, name, action)

    def _url(self, request: Request, repository: Repository) -> str:
        return self._context.origin(request) + wire.page_path(repository.kind, repository.full_name)

    def _taken(self, request: Request, kind: RepositoryKind, error: RepositoryExists) -> str:
        return self._context.origin(request) + wire.page_path(kind, str(error.details["repository"]))


def _split(repository: str) -> tuple[str, str]:
    owner, _, name = repository.partition("/")
    if not owner or not name or "/" in name:
        raise BadRequest(reason="a repository is named owner/name")
    return owner, name


def _options(body: wire.CreateRepository) -> dict[str, Any]:
    given = msgspec.structs.asdict(body)
    return {name: given[name] for name in _SPACE_OPTIONS if given[name] is not None}
