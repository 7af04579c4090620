"""The routes of the OCI distribution protocol, version 1.1."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import RouteNotFound, Unauthenticated
from commonground.gateways.oci.blobs import Blobs
from commonground.gateways.oci.door import Door
from commonground.gateways.oci.errors import error_renderer
from commonground.gateways.oci.lists import Lists
from commonground.gateways.oci.manifests import Manifests
from commonground.gateways.oci.names import parse_name
from commonground.gateways.oci.projection import Projection
from commonground.gateways.oci.references import References
from commonground.gateways.oci.snippets import snippets
from commonground.gateways.oci.tokens import Tokens
from commonground.gateways.oci.uploads import BlobUploads
from commonground.http.gateway import Snippet, Use
from commonground.http.responses import json_response
from commonground.http.routing import Handler, Route
from commonground.services import Services

_NAMES = ("{owner}/{name}", "{kind:datasets|spaces|kernels}/{owner}/{name}")
_VERBS = ("blobs", "manifests", "tags", "referrers")


class OciGateway:
    """Serves repositories as artifacts of a registry, and takes in what registries take."""

    def __init__(self, services: Services) -> None:
        self._render_error = error_renderer(services.settings)
        self._tokens = Tokens(services)
        door = Door(services, self._tokens)
        references = References(services, Projection(services))
        self._blobs = Blobs(services, door)
        self._uploads = BlobUploads(services, door, self._blobs)
        self._manifests = Manifests(services, door, self._blobs, references)
        self._lists = Lists(services, door)

    def routes(self) -> list[Route]:
        """Every endpoint."""
        blobs, uploads, manifests, lists = self._blobs, self._uploads, self._manifests, self._lists
        table: list[tuple[str, str, Handler, str]] = [
            ("GET", "blobs/{digest}", blobs.send, "Fetch a blob"),
            ("DELETE", "blobs/{digest}", blobs.delete, "Delete a blob nothing uses"),
            ("POST", "blobs/uploads", uploads.begin, "Begin to send a blob, send it at once, or mount it"),
            ("GET", "blobs/uploads/{session}", uploads.state, "How far an upload is"),
            ("PATCH", "blobs/uploads/{session}", uploads.append, "Send a chunk of a blob"),
            ("PUT", "blobs/uploads/{session}", uploads.complete, "End an upload"),
            ("DELETE", "blobs/uploads/{session}", uploads.cancel, "Cancel an upload"),
            ("GET", "manifests/{reference}", manifests.send, "Fetch a manifest by tag or digest"),
            ("PUT", "manifests/{reference}", manifests.take, "Push a manifest: a model artifact becomes a commit"),
            ("DELETE", "manifests/{reference}", manifests.delete, "Delete a manifest or tag"),
            ("GET", "tags/list", lists.tags, "List tags"),
            ("GET", "referrers/{digest}", lists.referrers, "List what refers to a manifest"),
        ]
        below = [
            self._route(method, f"/v2/{name}/{path}", handler, summary)
            for method, path, handler, summary in table
            for name in _NAMES
        ]
        others = [
            self._route(method, "/v2/{path*}", self.unknown, "Not a repository", hidden=True)
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        ]
        return [
            self._route("GET", "/v2", self.base, "Check that this is a registry and who is calling"),
            self._route("GET", "/v2/token", self._tokens.answer, "Trade credentials for a token"),
            self._route("POST", "/v2/token", self._tokens.answer, "Trade credentials for a token"),
            *below,
            *others,
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to pull and copy."""
        return snippets(use)

    async def base(self, request: Request) -> Response:
        """``/v2/``: 200 for who brings a token or other credentials. Clients learn the token service from the 401."""
        if "authorization" not in request.headers:
            raise Unauthenticated
        await self._tokens.caller(request)
        return json_response({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def unknown(self, request: Request) -> Response:
        """Say what is wrong with the name, if that is it."""
        path = request.path_params["path"]
        segments = path.split("/")
        at = next((index for index, word in enumerate(segments) if word in _VERBS and index), None)
        if at is not None:
            parse_name("/".join(segments[:at]))
        raise RouteNotFound(path=f"/v2/{path[:200]}")

    def _route(self, method: str, template: str, handler: Handler, summary: str, *, hidden: bool = False) -> Route:
        return Route(
            method=method,
            template=template,
            handler=handler,
            summary=summary,
            tag="oci",
            render_error=self._render_error,
            hidden=hidden,
        )
