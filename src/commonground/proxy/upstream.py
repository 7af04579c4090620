"""The hub a proxy answers from."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from commonground.errors import CommongroundError, ServerUnreachable

T = TypeVar("T")

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
JSON_LIMIT = 16 * 2**20


class Upstream:
    """Requests to the hub at ``endpoint``. ``token`` goes to that address and nowhere else: redirects are not followed,
    and the proxy variables of the environment, which may name this very process, are not heeded.
    """

    def __init__(self, endpoint: str, token: str | None = None) -> None:
        self.endpoint, self.has_token = endpoint.rstrip("/"), bool(token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._client = httpx.AsyncClient(
                base_url=self.endpoint, headers=headers, timeout=TIMEOUT, trust_env=False, limits=httpx.Limits()
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise ServerUnreachable(endpoint=endpoint, reason=str(error)) from None
        for name in ("user-agent", "accept", "accept-encoding"):  # the caller's are passed on, or none
            self._client.headers.pop(name, None)

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def open(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[bytes, bytes]] = (),
        content: AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a request, its body still to be read. :class:`ServerUnreachable`."""
        request = self._client.build_request(method, target, headers=list(headers), content=content)
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(str(error) or type(error).__name__) from error
        try:
            yield response
        except httpx.HTTPError as error:
            raise self._unreachable(str(error) or type(error).__name__) from error
        finally:
            await response.aclose()

    async def get(self, target: str, kind: type[T]) -> T | None:
        """The JSON at an address, or ``None`` where the caller may see none."""
        async with self.open("GET", target, [(b"accept", b"application/json")]) as response:
            if response.status_code in {401, 403, 404}:
                return None
            content = await self._content(response)
        if not response.is_success:
            raise _received(content) or self._unreachable(f"status {response.status_code}")
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as error:
            raise self._unreachable(f"an answer that makes no sense: {error}") from None

    async def _content(self, response: httpx.Response) -> bytes:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > JSON_LIMIT:
                raise self._unreachable(f"an answer of more than {JSON_LIMIT} bytes")
        return bytes(content)

    def _unreachable(self, reason: str) -> ServerUnreachable:
        return ServerUnreachable(endpoint=self.endpoint, reason=reason)


def _received(content: bytes) -> CommongroundError | None:
    try:
        body: Any = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return CommongroundError.received(str(body["code"]), str(body.get("error", ""))) if "code" in body else None
