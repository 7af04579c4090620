"""The content of files: download, upload, delete."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound
from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint
from commonground.gateways.native.routes.commits import CONTENT_LIMIT, SAMPLE
from commonground.http.bodies import stream_body
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, disposition, send_file
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import (
    AddFile,
    AddPointer,
    CommitRequest,
    DeleteFile,
    Operation,
    UploadFile,
)


class Body(NamedTuple):
    """A request body: its beginning in memory, and the rest where it is longer (``None``: that was all)."""

    head: bytes
    rest: AsyncIterator[bytes] | None


class FileRoutes:
    """One file at a time. A slash in a revision is written ``%2F``."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._services = context.services

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        write = f"{REPOSITORY}/files/{{branch}}/{{path*}}"
        changed = {"query": wire.ChangeFileQuery, "result": wire.Commit, "errors": errors.COMMIT}
        return [
            endpoint("GET", f"{REPOSITORY}/files/{{revision}}/{{path*}}", self.download_file, "Download a file",
                     query=wire.DownloadQuery, result=bytes, errors=errors.CONTENT),
            endpoint("PUT", write, self.upload_file, "Upload a file", body=bytes, status=201, **changed),
            endpoint("DELETE", write, self.delete_file, "Delete a file", **changed),
        ]  # fmt: skip

    async def download_file(self, request: Request) -> Response:
        """The content of a file; ``Range``, ``If-None-Match`` and ``If-Range`` are honoured."""
        repository, params = await self._context.readable(request), request.path_params
        commit, entry = await self._services.revisions.entry(repository, params["revision"], params["path"])
        if entry.type != "file":
            raise EntryNotFound(path=entry.path)
        download = read_query(request, wire.DownloadQuery).download
        headers = {
            "X-Repo-Commit": commit,
            "Content-Disposition": disposition(entry.path.rpartition("/")[2], attachment=download),
            **UNTRUSTED,
        }
        content = file_content(self._services.revisions, self._services.store, repository, entry)
        return await send_file(request, content, headers)

    async def upload_file(self, request: Request) -> Response:
        """Write the body, of any length, as one file in one commit: short text as a git blob, the rest in chunks."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        asked, path = read_query(request, wire.ChangeFileQuery), request.path_params["path"]
        limit = self._services.settings.regular_file_limit
        body = await _peek(stream_body(request, CONTENT_LIMIT), limit)
        if await self._is_regular(request, caller, repository, body):
            return await self._commit(request, caller, repository, asked, AddFile(path=path, content=body.head))
        stored = await self._services.store.ingest(caller.uploader or 0, _all(body))
        assert stored.sha256 is not None
        pointer = AddPointer(path=path, sha256=stored.sha256.hex(), size=stored.size)
        return await self._commit(request, caller, repository, asked, pointer)

    async def delete_file(self, request: Request) -> Response:
        """Remove one file in one commit."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        asked = read_query(request, wire.ChangeFileQuery)
        return await self._commit(request, caller, repository, asked, DeleteFile(request.path_params["path"]))

    async def _is_regular(self, request: Request, caller: Principal, repository: Repository, body: Body) -> bool:
        """Whether the content belongs into git; asked before a long body is taken, so that a bad path fails early."""
        path, branch = request.path_params["path"], request.path_params["branch"]
        size = len(body.head) + (body.rest is not None)
        file = UploadFile(path=path, size=size, sample=body.head[:SAMPLE])
        decisions = await self._services.revisions.preupload(repository, caller, branch, [file])
        return body.rest is None and all(decision.mode == "regular" for decision in decisions)

    async def _commit(
        self,
        request: Request,
        caller: Principal,
        repository: Repository,
        asked: wire.ChangeFileQuery,
        operation: Operation,
    ) -> Response:
        verb = "Delete" if isinstance(operation, DeleteFile) else "Upload"
        wanted = CommitRequest(
            title=asked.title or f"{verb} {operation.path}",
            description=asked.description,
            parent=asked.parent,
            operations=[operation],
        )
        branch = request.path_params["branch"]
        made = await self._services.revisions.commit(repository, caller, branch, wanted)
        return json_response(encoding.commit(made), 200 if verb == "Delete" else 201)


async def _peek(parts: AsyncIterator[bytes], limit: int) -> Body:
    """Read until the end, or until more than ``limit`` bytes are in memory."""
    head: list[bytes] = []
    length = 0
    async for part in parts:
        head.append(part)
        length += len(part)
        if length > limit:
            return Body(b"".join(head), parts)
    return Body(b"".join(head), None)


async def _all(body: Body) -> AsyncIterator[bytes]:
    yield body.head
    if body.rest is not None:
        async for part in body.rest:
            yield part
