"""Reading files: listings and downloads."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound, RepositoryNotFound
from commonground.gateways.modelscope import wire
from commonground.gateways.modelscope.context import REPOSITORY, Context, endpoint
from commonground.gateways.modelscope.envelope import answer
from commonground.gateways.modelscope.listing import Listing, is_file
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, disposition, send_file
from commonground.http.identity import client_address
from commonground.http.parameters import read_query
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import CommitRequest, DeleteFile, Entry

ID_DIGITS = 18


class FileRoutes:
    """What a repository contains."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._listing = Listing(context.revisions)

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        query, one = wire.FilesQuery, wire.FileQuery
        return [
            endpoint("GET", f"{REPOSITORY}/repo/files", self.list, "List files", query=query),
            endpoint("GET", f"{REPOSITORY}/repo/tree", self.list, "List files in pages", query=query),
            endpoint("GET", "/api/v1/datasets/{id}/repo/tree", self.list_by_id, "List files in pages", query=query),
            endpoint("GET", f"{REPOSITORY}/repo", self.download, "Download a file", query=one, result=bytes),
            endpoint("DELETE", f"{REPOSITORY}/repo", self.delete, "Delete a file", query=one),
            endpoint("DELETE", f"{REPOSITORY}/file", self.delete, "Delete a file", query=one),
            endpoint("POST", f"{REPOSITORY}/download/increase", self.count, "Note a download, which was counted"),
        ]

    async def list(self, request: Request) -> Response:
        """Files and folders, with the SHA-256 of every file."""
        _, repository = await self._context.files(request)
        return await self._list(request, repository)

    async def list_by_id(self, request: Request) -> Response:
        """The same of the data set with a numeric id."""
        caller, text = await self._context.caller(request), request.path_params["id"]
        if not text.isdecimal() or not text.isascii() or len(text) > ID_DIGITS:
            raise RepositoryNotFound
        named = await self._context.repositories.by_id(int(text))
        repository = await self._context.repositories.open(caller, "dataset", named.owner, named.name, Action.READ)
        await self._context.repositories.check_files(caller, repository)
        return await self._list(request, repository)

    async def _list(self, request: Request, repository: Repository) -> Response:
        asked = read_query(request, wire.FilesQuery)
        revision = await self._context.revision(repository, asked.revision)
        return answer(request, {"Files": await self._listing.files(repository, revision, asked)})

    async def download(self, request: Request) -> Response:
        """The content of a file, whole or by range; ``X-Linked-ETag`` is its SHA-256."""
        caller, repository = await self._context.files(request)
        commit, entry = await self._find(request, repository)
        who = caller.name or client_address(request, self._context.services.settings)
        await self._context.repositories.count_download(repository, entry.path, who)
        [sha256] = await self._context.revisions.sha256s(repository, [entry])
        headers = {
            "X-Linked-ETag": f'"{sha256}"',
            "X-Repo-Commit": commit,
            "Content-Disposition": disposition(entry.path.rpartition("/")[2]),
            **UNTRUSTED,
        }
        content = file_content(self._context.revisions, self._context.services.store, repository, entry)
        return await send_file(request, content, headers)

    async def _find(self, request: Request, repository: Repository) -> tuple[str, Entry]:
        asked = read_query(request, wire.FileQuery)
        path = wire.required(asked.file_path, "FilePath")
        revision = await self._context.revision(repository, asked.revision)
        commit, entry = await self._context.revisions.entry(repository, revision, path)
        if not is_file(entry):
            raise EntryNotFound(path=path, commit=commit)
        return commit, entry

    async def delete(self, request: Request) -> Response:
        """Remove one file in a commit of its own."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        asked = read_query(request, wire.FileQuery)
        path = wire.required(asked.file_path, "FilePath")
        revision = await self._context.revision(repository, asked.revision)
        change = CommitRequest(title=f"Delete {path}", operations=[DeleteFile(path)])
        made = await self._context.revisions.commit(repository, caller, revision, change)
        return answer(request, {"commit_id": made.sha})

    async def count(self, request: Request) -> Response:
        """Nothing is left to do: a download is counted when it is sent."""
        await self._context.opened(request)
        return answer(request, None)
