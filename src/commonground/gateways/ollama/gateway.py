"""The route for `ollama pull`: a manifest of its own for addresses that other registry clients share.

Blobs are fetched where the OCI gateway serves them. Whatever is no GGUF model of the repository is left to it, too: a
tag that was pushed, and every refusal, in the form of the registry protocol.
"""

import hashlib

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import CommongroundError, RevisionNotFound
from commonground.gateways.ollama.layers import Layers
from commonground.gateways.ollama.selection import Selected, select
from commonground.gateways.ollama.snippets import snippets
from commonground.gateways.ollama.wire import MANIFEST
from commonground.http.addresses import raw_path
from commonground.http.gateway import Snippet, Use
from commonground.http.identity import client_address, principal
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

LATEST = "latest"
"""The tag the client asks for where its user named none."""
ENTRIES = 10_000
"""Most entries of a revision that are looked through for models."""
_AGENT = "ollama/"
_PUSHED = "pushed"


class OllamaGateway:
    """Answers ``ollama pull host/owner/name:tag``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._layers = Layers(services)

    def routes(self) -> list[Route]:
        """The manifests, and the way to the blobs of a name that is written in capitals."""
        return [
            Route(
                method="GET",
                template="/v2/{owner}/{name}/manifests/{reference}",
                handler=self.manifest,
                summary="A GGUF model, for ollama",
                tag="ollama",
                when=_is_ollama,
                media_type=MANIFEST,
                hidden=True,
            ),
            Route(
                method="GET",
                template="/v2/{owner}/{name}/blobs/{digest}",
                handler=self.blob,
                summary="The blobs of a name in capitals, for ollama",
                tag="ollama",
                when=_is_in_capitals,
                hidden=True,
            ),
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to pull and run a model."""
        return snippets(use)

    async def manifest(self, request: Request) -> Response:
        """The manifest of the model that a tag means: the quantisation or name of a GGUF file of the default branch,
        or a revision, of which the preferred model is taken.
        """
        try:
            caller, repository, body = await self._made(request)
        except CommongroundError as error:
            if error.status >= 500:
                raise
            return _leave(request)
        if body is None:
            return _leave(request)
        if request.method == "GET":
            who = caller.name or client_address(request, self._services.settings)
            await self._services.repositories.count_download(repository, None, who)
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        headers = {"Docker-Content-Digest": digest, "ETag": f'"{digest}"'}
        return Response(body, media_type=MANIFEST, headers=headers)

    async def blob(self, request: Request) -> Response:
        """Where the blob is: registries know names in small letters only, this client takes them as they are written."""
        return RedirectResponse(_lower(request), 307)

    async def _made(self, request: Request) -> tuple[Principal, Repository, bytes | None]:
        services, params = self._services, request.path_params
        caller = await principal(request, services.accounts)
        repository = await services.repositories.open(caller, "model", params["owner"], params["name"], Action.READ)
        await services.repositories.check_files(caller, repository)
        commit, selected = await self._find(repository, params["reference"])
        body = None if selected is None else await self._layers.manifest(repository, commit, selected)
        return caller, repository, body

    async def _find(self, repository: Repository, tag: str) -> tuple[str, Selected | None]:
        """The commit and the files a tag means. A branch or tag of that name goes before a quantisation."""
        for revision in dict.fromkeys((tag, tag.replace("--", "/"))):
            try:
                commit = await self._services.revisions.resolve(repository, revision)
            except RevisionNotFound:
                continue
            return commit, select(await self._paths(repository, commit), None)
        commit = await self._services.revisions.resolve(repository, repository.default_branch)
        return commit, select(await self._paths(repository, commit), None if tag == LATEST else tag)

    async def _paths(self, repository: Repository, commit: str) -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while len(found) < ENTRIES:
            page = await self._services.revisions.tree(repository, commit, recursive=True, cursor=cursor)
            found += [entry.path for entry in page.items if entry.type == "file"]
            cursor = page.cursor
            if cursor is None:
                break
        return found


def _is_ollama(request: Request) -> bool:
    return request.headers.get("user-agent", "").startswith(_AGENT) and _PUSHED not in request.query_params


def _leave(request: Request) -> Response:
    """Send the client to where this gateway does not answer."""
    return RedirectResponse(f"{_lower(request)}?{_PUSHED}=", 307)


def _is_in_capitals(request: Request) -> bool:
    """Whether a request of ours (its parts are sent under the name of the Go library) names a repository in capitals."""
    agent = request.headers.get("user-agent", "")
    return agent.startswith((_AGENT, "Go-http-client/")) and _lower(request) != raw_path(request)


def _lower(request: Request) -> str:
    """The path of a request with the name of the repository in small letters; slashes at its ends do not count."""
    _, version, owner, name, *rest = f"/{raw_path(request).strip('/')}".split("/")
    return "/".join(["", version, owner.lower(), name.lower(), *rest])
