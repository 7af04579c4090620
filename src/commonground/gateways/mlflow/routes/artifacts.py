"""Files: of runs and of logged models, to be read and written; of versions, to be read."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.compute.tracking.artifacts import Place
from commonground.compute.tracking.model import Artifact
from commonground.errors import EntryNotFound, Forbidden
from commonground.gateways.mlflow import wire
from commonground.gateways.mlflow.context import Context, answer, endpoint
from commonground.gateways.mlflow.names import ARTIFACTS, Content, parse_artifacts
from commonground.gateways.mlflow.versions import VersionFiles
from commonground.http import files
from commonground.http.bodies import stream_body
from commonground.http.files import UNTRUSTED, send_file
from commonground.http.media_types import media_type
from commonground.http.parameters import read_query
from commonground.http.routing import Route

FILE = f"{ARTIFACTS}/{{path*}}"
CONTENT_LIMIT = 2**40


class ArtifactRoutes:
    """What the client calls the artifacts proxy."""

    def __init__(self, context: Context) -> None:
        self._context, self._artifacts = context, context.tracking.artifacts
        self._versions = VersionFiles(context)

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", ARTIFACTS, self.list, "List a folder", query=wire.ListArtifacts),
            endpoint("GET", FILE, self.download, "Read a file", result=bytes),
            endpoint("PUT", FILE, self.upload, "Write a file", body=bytes),
            endpoint("DELETE", FILE, self.delete, "Remove a file or a folder"),
        ]

    async def list(self, request: Request) -> Response:
        """The entries of a folder; none for what is a file, or is not there."""
        caller, path = await self._context.caller(request), read_query(request, wire.ListArtifacts).path
        found = parse_artifacts(path)
        if found is None:
            return answer({"files": []})
        place, folder = found
        if isinstance(place, Content):
            return answer({"files": await self._versions.listed(caller, place, folder)})
        below = await self._artifacts.below(caller, place, folder)
        return answer({"files": _entries(below, folder)})

    async def download(self, request: Request) -> Response:
        """The content of a file, or a range of it."""
        caller, (place, path) = await self._context.caller(request), _parsed(request)
        if isinstance(place, Content):
            return await send_file(request, await self._versions.content(caller, place, path), UNTRUSTED)
        found = await self._artifacts.find(caller, place, path)
        return await send_file(request, self._content(found), UNTRUSTED)

    def _content(self, found: Artifact) -> files.Content:
        store = self._context.services.store
        return files.Content(
            size=found.size,
            etag=found.sha256.hex(),
            media_type=media_type(found.path),
            read=partial(store.read, found.file_hash),
            local=partial(store.materialise, found.file_hash),
        )

    async def upload(self, request: Request) -> Response:
        """Keep a file."""
        caller, place, path = await self._own(request)
        await self._artifacts.put(caller, place, path, stream_body(request, CONTENT_LIMIT))
        return answer()

    async def delete(self, request: Request) -> Response:
        """Remove a file or a folder."""
        caller, place, path = await self._own(request)
        await self._artifacts.remove(caller, place, path)
        return answer()

    async def _own(self, request: Request) -> tuple[Principal, Place, str]:
        caller, (place, path) = await self._context.caller(request), _parsed(request)
        if isinstance(place, Content):
            await self._versions.open(caller, place)
            raise Forbidden(action="change", resource="the files of a version: it is a commit")
        return caller, place, path


def _parsed(request: Request) -> tuple[Place | Content, str]:
    path = request.path_params["path"]
    found = parse_artifacts(path)
    if found is None:
        raise EntryNotFound(path=path)
    return found


def _entries(below: Iterable[Artifact], folder: str) -> list[dict[str, Any]]:
    """The entries of a folder, from all files at any depth below it, by name."""
    start = len(folder) + 1 if folder else 0
    found: dict[str, dict[str, Any]] = {}
    for one in below:
        name, slash, _ = one.path[start:].partition("/")
        found[name] = (
            {"path": name, "is_dir": True} if slash else {"path": name, "is_dir": False, "file_size": one.size}
        )
    return list(found.values())
