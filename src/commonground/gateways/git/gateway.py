"""The routes of git's smart HTTP protocol."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import NotSupported
from commonground.gateways.git import receive_pack, upload_pack
from commonground.gateways.git.advertisement import Service, advertise, advertise_v2
from commonground.gateways.git.body import receive_body
from commonground.gateways.git.errors import render_error
from commonground.gateways.git.pktline import Reader
from commonground.gateways.git.repository import GitRepository
from commonground.gateways.git.threads import pull
from commonground.http.gateway import Snippet, Use
from commonground.http.git_addresses import git_routes, open_repository
from commonground.http.routing import Handler, Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

FETCH_BODY_LIMIT = 64 * 2**20
THREADS = 8
"""Steps of fetches and pushes that run at one time."""


class GitGateway:
    """Serves ``git clone``, ``fetch`` and ``push``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="git")

    def routes(self) -> list[Route]:
        """Every endpoint, with and without ``.git``."""
        table: list[tuple[str, str, Handler, str]] = [
            ("GET", "info/refs", self.info_refs, "What a git client may fetch or push"),
            ("POST", "git-upload-pack", self.upload_pack, "Fetch with git"),
            ("POST", "git-receive-pack", self.receive_pack, "Push with git"),
        ]
        return git_routes(table, tag="git", render_error=render_error)

    def snippets(self, use: Use) -> list[Snippet]:
        """A clone."""
        return [Snippet("git", "bash", f"git lfs install\ngit clone {use.address}\n")]

    async def info_refs(self, request: Request) -> Response:
        """Advertise the refs, or in version 2 what the server can do."""
        service = _service(request.query_params.get("service", ""))
        _, repository = await self._open(request, service)
        version = protocol_version(request)
        if service == "git-upload-pack" and version == 2:
            body = advertise_v2()
        else:
            refs = await self._services.revisions.refs(repository)
            body = b"".join(advertise(service, refs, repository.default_branch, version))
        return Response(body, headers=_headers(f"{service}-advertisement"))

    async def upload_pack(self, request: Request) -> Response:
        """Answer a fetch."""
        caller, repository = await self._open(request, "git-upload-pack")
        file = await receive_body(request, FETCH_BODY_LIMIT, self._services.settings.data)
        target = await GitRepository.open(self._services, repository, caller)
        served = upload_pack.Served(target.objects, target.refs, repository.default_branch)
        parts = upload_pack.answer(served, Reader(file), protocol_version(request))
        return self._stream(target, file, parts, "git-upload-pack-result")

    async def receive_pack(self, request: Request) -> Response:
        """Answer a push."""
        caller, repository = await self._open(request, "git-receive-pack")
        file = await receive_body(request, self._services.settings.push_limit, self._services.settings.data)
        target = await GitRepository.open(self._services, repository, caller)
        parts = receive_pack.answer(target, file, self._services.settings.regular_file_limit)
        return self._stream(target, file, parts, "git-receive-pack-result")

    async def _open(self, request: Request, service: Service) -> tuple[Principal, Repository]:
        """The caller and the repository, if the caller may use the service on it."""
        accounts, repositories = self._services.accounts, self._services.repositories
        action = Action.READ if service == "git-upload-pack" else Action.WRITE
        caller, repository = await open_repository(request, accounts, repositories, action)
        await repositories.check_files(caller, repository)
        return caller, repository

    def _stream(self, target: GitRepository, file: BinaryIO, parts: Iterator[bytes], kind: str) -> Response:
        return StreamingResponse(pull(_session(target, file, parts), self._threads), headers=_headers(kind))


def _session(target: GitRepository, file: BinaryIO, parts: Iterator[bytes]) -> Iterator[bytes]:
    """``parts``; whatever happens, the body and the claim on new objects are given up in the thread that used them."""
    with target, file:
        yield from parts


def protocol_version(request: Request) -> int:
    """The highest version the client speaks, of 0 to 2."""
    given = request.headers.get("git-protocol", "").split(":")
    return max((version for version in (1, 2) if f"version={version}" in given), default=0)


def _service(name: str) -> Service:
    if name == "git-upload-pack":
        return "git-upload-pack"
    if name == "git-receive-pack":
        return "git-receive-pack"
    raise NotSupported(feature="git's dumb HTTP protocol")


def _headers(kind: str) -> dict[str, str]:
    return {"Content-Type": f"application/x-{kind}", "Cache-Control": "no-cache"}
