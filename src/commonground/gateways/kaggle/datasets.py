"""``datasets.DatasetApiService``: data sets and their versions, which are those of the default branch."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal, Visibility
from commonground.accounts.permissions import Action
from commonground.errors import RepositoryExists
from commonground.gateways.kaggle.context import Context, calls, conflict
from commonground.gateways.kaggle.places import Place
from commonground.gateways.kaggle.wire import (
    Created,
    CreateDatasetRequest,
    CreateDatasetVersionRequest,
    Dataset,
    DatasetRequest,
    Directory,
    DownloadDatasetRequest,
    Message,
)
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Handler, Route
from commonground.hub.repositories.model import Repository

SERVICE = "datasets.DatasetApiService"
TITLE = "Upload with kagglehub"


class DatasetCalls:
    """What the client does with data sets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._places = context.places

    def routes(self) -> list[Route]:
        """The endpoints of this service."""
        table: list[tuple[str, Handler, str, Any, Any]] = [
            ("GetDataset", self.get, "A data set and its newest version", DatasetRequest, Dataset),
            ("DownloadDataset", self.download, "Where a version is", DownloadDatasetRequest, bytes),
            ("CreateDataset", self.create, "Publish a data set", CreateDatasetRequest, Created),
            ("CreateDatasetVersion", self.add_version, "Publish a version", CreateDatasetVersionRequest, Created),
            ("DeleteDataset", self.delete, "Delete a data set", DatasetRequest, Message),
        ]
        return calls(SERVICE, table)

    async def get(self, request: Request) -> Response:
        """What is known of a data set."""
        _, repository = await self._opened(request, await read_json(request, DatasetRequest))
        _, number, _ = await self._places.commit(repository, None, None)
        shown = Dataset(
            id=repository.id,
            ref=repository.full_name,
            title=repository.name,
            url=self._context.url(request, repository),
            is_private=repository.visibility == "private",
            license_name=repository.license or "",
            description=repository.description,
            owner_name=repository.owner,
            total_bytes=repository.used_storage,
            download_count=repository.downloads_all_time,
            vote_count=repository.likes,
            current_version_number=number,
        )
        return json_response(shown)

    async def download(self, request: Request) -> Response:
        """To a file of a version, or to the archive of all of them."""
        message = await read_json(request, DownloadDatasetRequest)
        caller, repository = await self._opened(request, message)
        place, _, commit = await self._places.commit(repository, None, message.dataset_version_number)
        return await self._context.send_files(caller, repository, place, commit, message.file_name)

    async def create(self, request: Request) -> Response:
        """Make a data set and publish its first version. One that is there without any gets its first."""
        caller, message = await self._context.member(request), await read_json(request, CreateDatasetRequest)
        owner, name = message.owner_slug or caller.name, message.slug or ""
        try:
            visibility: Visibility | None = "private" if message.is_private else None
            repository = await self._context.services.repositories.create(
                caller, "dataset", owner, name, visibility=visibility
            )
        except RepositoryExists:
            repository = await self._context.open(caller, "dataset", owner, name, Action.WRITE)
            if await self._places.versions(repository, Place(repository.default_branch)):
                return conflict(repository.full_name)
        notes = f"Licence: {message.license_name}" if message.license_name else ""
        return await self._publish(request, caller, repository, message, TITLE, notes)

    async def add_version(self, request: Request) -> Response:
        """Publish a version."""
        message = await read_json(request, CreateDatasetVersionRequest)
        caller, repository = await self._opened(request, message, Action.WRITE)
        title = message.body.version_notes or TITLE
        return await self._publish(request, caller, repository, message.body, title)

    async def delete(self, request: Request) -> Response:
        """Remove a data set."""
        caller, repository = await self._opened(request, await read_json(request, DatasetRequest), Action.DELETE)
        await self._context.services.repositories.delete(caller, repository)
        return json_response(Message())

    async def _publish(
        self, request: Request, caller: Principal, repository: Repository, sent: Directory, title: str, notes: str = ""
    ) -> Response:
        place = Place(repository.default_branch)
        await self._context.publisher.publish(caller, repository, place, sent, title, notes)
        return self._context.created(request, repository)

    async def _opened(
        self, request: Request, message: DatasetRequest, action: Action = Action.READ
    ) -> tuple[Principal, Repository]:
        caller = await self._context.caller(request)
        return caller, await self._context.open(caller, "dataset", message.owner_slug, message.dataset_slug, action)
