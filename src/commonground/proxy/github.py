"""GitHub, as ``torch.hub`` asks it: whether a revision exists, the branches and tags, the files as a zip.

Every repository is a model of the hub with the same ``owner/name``. Anything else GitHub has is not found here.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from commonground.errors import CommongroundError
from commonground.gateways.native import wire
from commonground.proxy.authority import Authority
from commonground.proxy.connection import Call, Connection
from commonground.proxy.hosts import GITHUB
from commonground.proxy.listener import Serve
from commonground.proxy.upstream import Upstream

PAGE = 100
"""Most branches or tags of one page, as at GitHub."""

_OWNER, _NAME = r"(?P<owner>[A-Za-z0-9_-]{1,64})", r"(?P<name>[A-Za-z0-9._-]{1,96})"
_REPOSITORY = f"{_OWNER}/{_NAME}"
_REVISION = r"(?P<revision>[^?#]{1,512})"

Params: TypeAlias = Mapping[str, str]
Handler: TypeAlias = Callable[[Connection, Call, Params], Awaitable[None]]


class NamedCommit(msgspec.Struct, frozen=True):
    """The commit a branch or tag points at."""

    sha: str


class NamedRevision(msgspec.Struct, frozen=True):
    """A branch or tag in a list of the REST API."""

    name: str
    commit: NamedCommit


class GitHub:
    """Answers calls for one of :data:`GITHUB` from a hub."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        table: list[tuple[str, str, Handler]] = [
            ("github.com", f"/{_REPOSITORY}/tree/{_REVISION}", self._tree),
            ("github.com", rf"/{_REPOSITORY}/zipball/{_REVISION}", self._archive),
            ("github.com", rf"/{_REPOSITORY}/archive/{_REVISION}\.zip", self._archive),
            ("codeload.github.com", rf"/{_REPOSITORY}/(?:legacy\.)?zip/{_REVISION}", self._archive),
            ("api.github.com", f"/repos/{_REPOSITORY}/zipball/{_REVISION}", self._archive),
            ("api.github.com", f"/repos/{_REPOSITORY}/(?P<list>branches|tags)", self._revisions),
        ]
        self._table = [(host, re.compile(pattern), handler) for host, pattern, handler in table]

    async def serve(self, connection: Connection, host: str) -> None:
        """Answer the calls of a connection that a client believes to lead to ``host``."""
        while (call := await connection.next_call()) is not None:
            try:
                await self._answer(connection, call, host)
            except CommongroundError as error:
                await _failure(connection, call, 502, str(error))

    async def _answer(self, connection: Connection, call: Call, host: str) -> None:
        path = unquote(urlsplit(call.target).path).rstrip("/")
        for known, pattern, handler in self._table:
            if known == host and call.method in {"GET", "HEAD"} and (match := pattern.fullmatch(path)):
                await handler(connection, call, match.groupdict())
                return
        await _failure(connection, call, 404, "Not Found")

    async def _tree(self, connection: Connection, call: Call, params: Params) -> None:
        """Whether a revision exists: the page itself would be for people."""
        target = f"{_repository(params)}/commits/{quote(params['revision'], safe='')}?limit=1"
        if await self._upstream.get(target, wire.Page[wire.Commit]) is None:
            await _failure(connection, call, 404, "Not Found")
        else:
            await connection.answer(200, b"", "text/html")

    async def _revisions(self, connection: Connection, call: Call, params: Params) -> None:
        found = await self._upstream.get(f"{_repository(params)}/refs", wire.Refs)
        if found is None:
            await _failure(connection, call, 404, "Not Found")
            return
        size, number = _page(call)
        listed = found.branches if params["list"] == "branches" else found.tags
        part = listed[(number - 1) * size : number * size]
        body = msgspec.json.encode([NamedRevision(ref.name, NamedCommit(ref.commit)) for ref in part])
        await connection.answer(200, body, "application/json", head=call.method == "HEAD")

    async def _archive(self, connection: Connection, call: Call, params: Params) -> None:
        revision = params["revision"].removeprefix("refs/heads/").removeprefix("refs/tags/")
        name = f"{params['owner']}/{params['name']}"
        target = f"/{name}/archive/{quote(revision, safe='')}/{params['name']}.zip"
        async with self._upstream.open(call.method, target) as response:
            if response.status_code != 200:
                missing = response.status_code in {401, 403, 404}
                await _failure(connection, call, *((404, "Not Found") if missing else (502, "Bad Gateway")))
                return
            kept = {"content-type", "content-length", "etag", "content-disposition"}
            await connection.begin(200, [pair for pair in response.headers.raw if pair[0].lower().decode() in kept])
            if call.method != "HEAD":
                async for part in response.aiter_raw():
                    await connection.send(part)
            await connection.end()


def connect_proxy(answering: GitHub, authority: Authority) -> Serve:
    """A proxy for HTTPS that ends the encryption of connections to :data:`GITHUB` and refuses all others."""
    context = authority.context(GITHUB)

    async def serve(connection: Connection) -> None:
        call = await connection.next_call()
        if call is None:
            return
        host, _, port = call.target.partition(":")
        if call.method != "CONNECT" or host.lower() not in GITHUB or port != "443":
            await _failure(connection, call, 403, f"This proxy answers for {', '.join(GITHUB)} and nothing else.")
            return
        await answering.serve(await connection.secured(context), host.lower())

    return serve


def _repository(params: Params) -> str:
    return f"{wire.API}/repositories/models/{params['owner']}/{params['name']}"


def _page(call: Call) -> tuple[int, int]:
    """Size and number of the page asked for, the first being 1."""
    query = parse_qs(urlsplit(call.target).query)
    given = [query.get(name, [""])[-1] for name in ("per_page", "page")]
    size, number = (int(text) if text.isdecimal() and len(text) < 9 else 0 for text in given)
    return min(size, PAGE) or 30, max(number, 1)


async def _failure(connection: Connection, call: Call, status: int, text: str) -> None:
    body = msgspec.json.encode({"message": text})
    await connection.answer(status, body, "application/json", head=call.method == "HEAD")
