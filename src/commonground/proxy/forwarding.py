"""Forwarding for clients that only know an address of this machine, or send no credentials.

``kagglehub`` calls ``http://localhost:7777`` and sends credentials of its own; ``ollama`` can be given any address, but
no token.
"""

import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import urlsplit

from commonground.errors import ServerUnreachable
from commonground.proxy.connection import Call, Connection, Headers
from commonground.proxy.listener import Serve
from commonground.proxy.upstream import Upstream

Permit: TypeAlias = Callable[[Call], bool]

KAGGLE_PORT, OLLAMA_PORT = 7777, 11435
"""Where ``KAGGLE_API_ENVIRONMENT=TEST`` makes kagglehub call; one beside ollama's own."""

_PULLED = re.compile(r"/v2/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+/(?:manifests|blobs)/[A-Za-z0-9._:-]+(?:\?[a-z]+=)?")
_REFUSAL = b"This port is for certain programs of this machine, and for what they do.\n"
_HOP = frozenset({b"connection", b"host", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"expect"})
_BROWSER = (b"origin", b"sec-fetch-site")
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


def every_call(_call: Call) -> bool:
    """Whether a call may be forwarded where the caller's own credentials decide."""
    return True


def pulls(call: Call) -> bool:
    """Whether a call reads a manifest or a blob, and does nothing else: a token that is not the caller's goes along."""
    return call.method in {"GET", "HEAD"} and _PULLED.fullmatch(call.target) is not None


def forwarder(upstream: Upstream, permit: Permit = every_call) -> Serve:
    """Passes calls on to the hub and the answers back, bodies as they flow. The caller's credentials go along unless
    ``upstream`` has a token. A page in a browser, which may reach this port but should not, is refused.
    """

    async def serve(connection: Connection) -> None:
        while (call := await connection.next_call()) is not None:
            if _is_program(call) and permit(call):
                await _forward(connection, call, upstream)
            else:
                await connection.answer(403, _REFUSAL, head=call.method == "HEAD")

    return serve


async def _forward(connection: Connection, call: Call, upstream: Upstream) -> None:
    begun = False
    content = connection.body() if _has_body(call) else None
    headers = [pair for pair in _passed(call.headers) if pair[0] != b"authorization" or not upstream.has_token]
    try:
        async with upstream.open(call.method, call.target, headers, content) as response:
            begun = True
            await connection.begin(response.status_code, _passed(response.headers.raw))
            async for part in response.aiter_raw():
                await connection.send(part)
            await connection.end()
    except ServerUnreachable as error:
        if begun:
            raise  # half an answer must not look like a whole one
        await connection.answer(502, f"{error}\n".encode(), head=call.method == "HEAD")


def _is_program(call: Call) -> bool:
    """Whether a call was made by a program of this machine: a name that only leads here, and no mark of a browser."""
    host = urlsplit(f"//{call.header(b'host')}").hostname or ""
    local = host in _LOCAL or f"[{host}]" in _LOCAL
    return local and call.target.startswith("/") and not any(call.header(name) for name in _BROWSER)


def _has_body(call: Call) -> bool:
    return bool(call.header(b"transfer-encoding")) or call.header(b"content-length") not in {"", "0"}


def _passed(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _HOP]
