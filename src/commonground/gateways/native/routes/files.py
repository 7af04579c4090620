"""The content of files: download, upload, delete."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound
from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint
from commonground.gateways.native.routes.commits import CONTENT_LIMIT
from commonground.http.bodies import stream_body
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, disposition, send_file
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import (
    AddStored,
    CommitRequest,
    DeleteFile,
    Operation,
    UploadFile,
)


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
        await self._check_path(request, caller, repository)
        stored = await self._services.store.ingest(caller.uploader or 0, stream_body(request, CONTENT_LIMIT))
        assert stored.sha256 is not None
        written = AddStored(path=path, sha256=stored.sha256.hex(), size=stored.size)
        return await self._commit(request, caller, repository, asked, written)

    async def delete_file(self, request: Request) -> Response:
        """Remove one file in one commit."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        asked = read_query(request, wire.ChangeFileQuery)
        return await self._commit(request, caller, repository, asked, DeleteFile(request.path_params["path"]))

    async def _check_path(self, request: Request, caller: Principal, repository: Repository) -> None:
        """Before a long body is taken: a bad path or branch fails early."""
        path, branch = request.path_params["path"], request.path_params["branch"]
        await self._services.revisions.preupload(repository, caller, branch, [UploadFile(path=path, size=0)])

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
