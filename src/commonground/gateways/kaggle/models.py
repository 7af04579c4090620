"""``models.ModelApiService``: models, their variations, and the versions of those."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal, Visibility
from commonground.accounts.permissions import Action
from commonground.errors import RepositoryExists
from commonground.gateways.kaggle.context import Context, calls, conflict
from commonground.gateways.kaggle.handles import Variation, requested, variation
from commonground.gateways.kaggle.places import Place
from commonground.gateways.kaggle.wire import (
    PAGE_LIMIT,
    Created,
    CreateInstanceRequest,
    CreateInstanceVersionRequest,
    CreateModelRequest,
    Directory,
    DownloadModelRequest,
    FilesRequest,
    FilesResponse,
    InstanceRequest,
    Message,
    Model,
    ModelFile,
    ModelInstance,
    ModelRequest,
)
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Handler, Route
from commonground.hub.repositories.model import Repository

SERVICE = "models.ModelApiService"
PAGE = 25
TITLE = "Upload with kagglehub"


class ModelCalls:
    """What the client does with models."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._places = context.places

    def routes(self) -> list[Route]:
        """The endpoints of this service."""
        table: list[tuple[str, Handler, str, Any, Any]] = [
            ("GetModel", self.get, "A model", ModelRequest, Model),
            ("CreateModel", self.create, "Create a model", CreateModelRequest, Created),
            ("DeleteModel", self.delete, "Delete a model", ModelRequest, Message),
            ("GetModelInstance", self.variation, "A variation and its newest version", InstanceRequest, ModelInstance),
            ("CreateModelInstance", self.create_variation, "Publish a variation", CreateInstanceRequest, Created),
            (
                "CreateModelInstanceVersion",
                self.add_version,
                "Publish a version",
                CreateInstanceVersionRequest,
                Created,
            ),
            ("ListModelInstanceVersionFiles", self.files, "Files of a version", FilesRequest, FilesResponse),
            ("DownloadModelInstanceVersion", self.download, "Where a version is", DownloadModelRequest, bytes),
        ]
        return calls(SERVICE, table)

    async def get(self, request: Request) -> Response:
        """What is known of a model."""
        _, repository = await self._opened(request, await read_json(request, ModelRequest), Action.READ_METADATA)
        shown = Model(
            id=repository.id,
            ref=repository.full_name,
            title=repository.name,
            author=repository.owner,
            slug=repository.name,
            is_private=repository.visibility == "private",
            description=repository.description,
            url=self._context.url(request, repository),
            vote_count=repository.likes,
        )
        return json_response(shown)

    async def create(self, request: Request) -> Response:
        """Make a model repository."""
        caller, message = await self._context.member(request), await read_json(request, CreateModelRequest)
        visibility: Visibility | None = (
            None if message.is_private is None else "private" if message.is_private else "public"
        )
        repositories = self._context.services.repositories
        try:
            made = await repositories.create(caller, "model", message.owner_slug, message.slug, visibility=visibility)
        except RepositoryExists:
            return conflict(f"{message.owner_slug}/{message.slug}")
        return self._context.created(request, made)

    async def delete(self, request: Request) -> Response:
        """Remove a model repository with all of its variations."""
        message = await read_json(request, ModelRequest)
        caller, repository = await self._opened(request, message, Action.DELETE)
        await self._context.services.repositories.delete(caller, repository)
        return json_response(Message())

    async def variation(self, request: Request) -> Response:
        """A variation; its version number is that of the newest version."""
        message = await read_json(request, InstanceRequest)
        _, repository = await self._opened(request, message)
        _, number, _ = await self._places.commit(repository, requested(message), None)
        shown = ModelInstance(
            id=repository.id,
            slug=message.instance_slug,
            framework=message.framework,
            version_number=number,
            url=self._context.url(request, repository),
            license_name=repository.license or "",
        )
        return json_response(shown)

    async def files(self, request: Request) -> Response:
        """Files of a version. The client fetches each of them, or one archive where there are more than a page."""
        message = await read_json(request, FilesRequest)
        _, repository = await self._opened(request, message)
        place, _, commit = await self._places.commit(repository, requested(message), message.version_number)
        wanted = min(message.page_size or PAGE, PAGE_LIMIT)
        found, cursor = await self._page(repository, commit, place, message.page_token or None, wanted)
        return json_response(FilesResponse(files=found, next_page_token=cursor or ""))

    async def _page(
        self, repository: Repository, commit: str, place: Place, cursor: str | None, wanted: int
    ) -> tuple[list[ModelFile], str | None]:
        """At least ``wanted`` files, if there are so many, for the tree's own pages have folders in them."""
        found: list[ModelFile] = []
        while True:
            page = await self._context.services.revisions.tree(
                repository, commit, place.folder, recursive=True, cursor=cursor, limit=wanted
            )
            files = (entry for entry in page.items if entry.type == "file")
            found += [ModelFile(name=place.outside(entry.path), size=entry.size) for entry in files]
            cursor = page.cursor
            if cursor is None or len(found) >= wanted:
                return found, cursor

    async def download(self, request: Request) -> Response:
        """To a file of a version, or to the archive of all of them."""
        message = await read_json(request, DownloadModelRequest)
        caller, repository = await self._opened(request, message)
        place, _, commit = await self._places.commit(repository, requested(message), message.version_number)
        return await self._context.send_files(caller, repository, place, commit, message.path)

    async def create_variation(self, request: Request) -> Response:
        """Publish the first version of a variation."""
        message = await read_json(request, CreateInstanceRequest)
        named = variation(message.body.framework, message.body.instance_slug)
        caller, repository = await self._opened(request, message, Action.WRITE)
        place = await self._places.find(repository, named)
        if place is not None and await self._places.versions(repository, place):
            return conflict(f"{repository.full_name}/{named.path}")
        notes = f"Licence: {message.body.license_name}" if message.body.license_name else ""
        return await self._publish(request, caller, repository, named, message.body, TITLE, notes)

    async def add_version(self, request: Request) -> Response:
        """Publish a version of a variation."""
        message = await read_json(request, CreateInstanceVersionRequest)
        named = requested(message)
        caller, repository = await self._opened(request, message, Action.WRITE)
        title = message.body.version_notes or TITLE
        return await self._publish(request, caller, repository, named, message.body, title)

    async def _publish(
        self,
        request: Request,
        caller: Principal,
        repository: Repository,
        named: Variation,
        sent: Directory,
        title: str,
        notes: str = "",
    ) -> Response:
        place = await self._places.find(repository, named) or Place(named.path)
        await self._context.publisher.publish(caller, repository, place, sent, title, notes)
        return self._context.created(request, repository)

    async def _opened(
        self, request: Request, message: ModelRequest, action: Action = Action.READ
    ) -> tuple[Principal, Repository]:
        caller = await self._context.caller(request)
        return caller, await self._context.open(caller, "model", message.owner_slug, message.model_slug, action)
