"""Downloads: ``resolve`` and ``raw``."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound
from commonground.gateways.huggingface.context import Context, endpoint, flag
from commonground.gateways.huggingface.wire import api_path
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, Content, disposition, send_file
from commonground.http.identity import client_address
from commonground.http.media_types import TEXT
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry

_PREFIXED = "/{kind:datasets|spaces|kernels}"
_REPOSITORY = "/{owner}/{name}"
_FILE = "{revision}/{path*}"


class FileRoutes:
    """Where files are downloaded from."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        cache = f"/api/resolve-cache/{{kind:models|datasets|spaces|kernels}}{_REPOSITORY}/{_FILE}"
        return [
            *(
                endpoint("GET", f"{prefix}{_REPOSITORY}/{verb}/{_FILE}", handler, summary, query=("download",))
                for prefix in ("", _PREFIXED)
                for verb, handler, summary in (
                    ("resolve", self.resolve, "Download a file"),
                    ("raw", self.raw, "Download what git stores: for a large file its LFS pointer"),
                )
            ),
            endpoint("GET", cache, self.resolve, "Download a file"),
        ]

    async def resolve(self, request: Request) -> Response:
        """The content of a file; its headers carry the commit, the hashes and the way to fetch it through Xet."""
        caller, repository, commit, entry = await self._find(request)
        who = caller.name or client_address(request, self._context.settings)
        await self._context.repositories.count_download(repository, entry.path, who)
        headers = _headers(request, commit, entry.path)
        if entry.lfs is not None:
            headers["X-Linked-Etag"] = f'"{entry.lfs.sha256}"'
            headers["X-Linked-Size"] = str(entry.size)
            if entry.xet_hash is not None:
                headers |= self._xet_headers(request, repository, commit, entry.xet_hash)
        return await send_file(request, self._content(repository, entry), headers)

    async def raw(self, request: Request) -> Response:
        """What git stores under the path."""
        _, repository, commit, entry = await self._find(request)
        content = self._content(repository, entry) if entry.lfs is None else self._pointer(repository, entry)
        return await send_file(request, content, _headers(request, commit, entry.path))

    async def _find(self, request: Request) -> tuple[Principal, Repository, str, Entry]:
        caller, repository = await self._context.opened(request, Action.READ)
        await self._context.repositories.check_files(caller, repository)
        revision, path = request.path_params["revision"], request.path_params["path"]
        commit, entry = await self._context.revisions.entry(repository, revision, path)
        if entry.type != "file":
            raise EntryNotFound(path=path, commit=commit)
        return caller, repository, commit, entry

    def _content(self, repository: Repository, entry: Entry) -> Content:
        return file_content(self._context.revisions, self._context.store, repository, entry)

    def _pointer(self, repository: Repository, entry: Entry) -> Content:
        assert entry.lfs is not None

        async def read(start: int, end: int) -> AsyncIterator[bytes]:
            blob = await self._context.revisions.blob(repository, entry)
            yield (blob.data or b"")[start:end]

        return Content(size=entry.lfs.pointer_size, etag=entry.oid, media_type=TEXT, read=read)

    def _xet_headers(self, request: Request, repository: Repository, commit: str, xet_hash: str) -> dict[str, str]:
        origin = self._context.origin(request)
        token = f"{origin}{api_path(repository)}/xet-read-token/{commit}"
        plan = f"{origin}/xet/v1/reconstructions/{xet_hash}"
        return {
            "X-Xet-Hash": xet_hash,
            "Link": f'<{token}>; rel="xet-auth", <{plan}>; rel="xet-reconstruction-info"',
        }


def _headers(request: Request, commit: str, path: str) -> dict[str, str]:
    name = path.rpartition("/")[2]
    return {
        "X-Repo-Commit": commit,
        "Content-Disposition": disposition(name, attachment=flag(request, "download")),
        "Access-Control-Allow-Origin": "*",
        **UNTRUSTED,
    }
