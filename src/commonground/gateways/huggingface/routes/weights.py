"""What the headers of sharded weights say, in one answer."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import BadRequest, EntryNotFound, PayloadTooLarge
from commonground.gateways.huggingface.context import Context, endpoint
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry

INDEX_LIMIT = 32 * 2**20
HEADERS_LIMIT = 64 * 2**20
"""Most bytes of headers in one answer."""
SHARDS = 2000


class _Index(msgspec.Struct):
    weight_map: dict[str, str]
    metadata: dict[str, Any] = {}


class WeightRoutes:
    """Metadata of safetensors files."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        template = "/api/models/{owner}/{name}/safetensors-metadata/{path*}"
        return [endpoint("GET", template, self.headers, "Headers of all shards of a safetensors index")]

    async def headers(self, request: Request) -> Response:
        """The index without its map, and the header of every shard as it stands in the file."""
        caller, repository = await self._context.opened(request, Action.READ)
        await self._context.repositories.check_files(caller, repository)
        path, branch = request.path_params["path"], repository.default_branch
        commit, entry = await self._context.revisions.entry(repository, branch, path)
        index = _decode_index(await self._context.revisions.read(repository, entry, limit=INDEX_LIMIT))
        shards = await self._shards(repository, commit, path, index)
        headers: dict[str, msgspec.Raw] = {}
        left = HEADERS_LIMIT
        for name, shard in shards.items():
            header = await self._header(repository, shard, left)
            left -= len(header)
            headers[name] = msgspec.Raw(header)
        return json_response({"index": {"metadata": index.metadata}, "headers": headers})

    async def _shards(self, repository: Repository, commit: str, path: str, index: _Index) -> dict[str, Entry]:
        """The files the index names, which are beside it."""
        folder = path.rpartition("/")[0]
        places = {f"{folder}/{name}" if folder else name: name for name in sorted(set(index.weight_map.values()))}
        if len(places) > SHARDS:
            raise BadRequest(reason=f"the index names more than {SHARDS} files")
        entries = await self._context.revisions.paths(repository, commit, list(places))
        found = {places[entry.path]: entry for entry in entries if entry.type == "file"}
        missing = next((place for place, name in places.items() if name not in found), None)
        if missing is not None:
            raise EntryNotFound(path=missing[:200], commit=commit)
        return found

    async def _header(self, repository: Repository, shard: Entry, limit: int) -> bytes:
        start = await self._context.revisions.read(repository, shard, 0, min(8, shard.size))
        length = int.from_bytes(start, "little")
        if len(start) < 8 or 8 + length > shard.size:
            raise BadRequest(reason=f"{shard.path} is not a safetensors file")
        if length > limit:
            raise PayloadTooLarge(limit=HEADERS_LIMIT)
        header = await self._context.revisions.read(repository, shard, 8, 8 + length, limit)
        try:
            msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise BadRequest(reason=f"the header of {shard.path} is not JSON") from None
        return header


def _decode_index(data: bytes) -> _Index:
    try:
        return msgspec.json.decode(data, type=_Index)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(reason=f"the file is not a safetensors index: {error}") from None
