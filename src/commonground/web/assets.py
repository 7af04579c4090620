"""Style sheets, scripts and pictures of the pages, under addresses that change with their content."""

import gzip
import hashlib
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import RouteNotFound
from commonground.http.routing import Route

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"


class Asset(msgspec.Struct, frozen=True):
    """One static file, plain and compressed."""

    name: str
    media_type: str
    version: str
    plain: bytes
    packed: bytes

    @property
    def url(self) -> str:
        """The address, with a digest of the content in it."""
        return f"/static/{self.version}/{self.name}"


class Assets:
    """The static files, held in memory: a few tens of kilobytes."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        files = (path for path in sorted(folder.iterdir()) if path.suffix in _TYPES)
        self._assets = {path.name: _load(path) for path in files}

    def url(self, name: str) -> str:
        """The address of a file; ``KeyError`` for a name that does not exist."""
        return self._assets[name].url

    def routes(self) -> list[Route]:
        """The one route of all files."""
        return [Route(method="GET", template="/static/{version}/{name}", handler=self.send, tag="web", hidden=True)]

    async def send(self, request: Request) -> Response:
        """The file. Under the digest of another release it is sent too, but not to be kept."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise RouteNotFound(path=request.url.path)
        current = request.path_params["version"] == asset.version
        headers = {"Cache-Control": _FOREVER if current else "no-cache", "Vary": "Accept-Encoding"}
        if not accepts_gzip(request):
            return Response(asset.plain, 200, headers, asset.media_type)
        return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, asset.media_type)


def accepts_gzip(request: Request) -> bool:
    """Whether the answer may be compressed."""
    return "gzip" in request.headers.get("accept-encoding", "")


def _load(path: Path) -> Asset:
    content = path.read_bytes()
    version = hashlib.sha256(content).hexdigest()[:12]
    return Asset(path.name, _TYPES[path.suffix], version, content, gzip.compress(content, 9, mtime=0))
