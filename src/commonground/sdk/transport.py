"""HTTP to one hub: requests, typed answers, and errors of the same classes the server raised."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, TypeVar, cast
from urllib.parse import quote

import httpx
import msgspec

import commonground
from commonground.accounts.model import SEGMENTS
from commonground.errors import CommongroundError, InvalidAddress, ServerUnreachable
from commonground.gateways.native.wire import API, Page
from commonground.sdk.address import Address

T = TypeVar("T")

PART = 2**20
"""Bytes of a body sent at a time."""

TIMEOUT = httpx.Timeout(60.0, connect=10.0, write=300.0)


class Transport:
    """Connections to the hub at ``endpoint``; may be used from several threads. Raises what the server raised, and
    :class:`ServerUnreachable` when nothing answers.
    """

    def __init__(self, endpoint: str, token: str | None, **options: Any) -> None:
        # What is asked for is what arrives: lengths and ranges are those of the content.
        headers = {"User-Agent": f"commonground/{commonground.__version__}", "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.endpoint = endpoint
        try:
            self._client = httpx.Client(base_url=endpoint, headers=headers, timeout=TIMEOUT, **options)
        except (httpx.InvalidURL, ValueError) as error:
            raise ServerUnreachable(endpoint=endpoint, reason=str(error)) from None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def call(
        self, kind: type[T], method: str, path: str, *, query: msgspec.Struct | None = None, body: Any = None
    ) -> T:
        """The typed answer to a request with a JSON body."""
        return self.decode(self.send(method, path, query=query, body=body).content, kind)

    def pages(self, kind: type[T], path: str, query: msgspec.Struct) -> Iterator[T]:
        """The items of all pages of a list, one request a page."""
        cursor: Any = msgspec.UNSET
        while cursor is not None:
            more = {} if cursor is msgspec.UNSET else {"cursor": cursor}
            found = self.decode(self.send("GET", path, query=query, extra=more).content, cast("Any", Page)[kind])
            yield from found.items
            cursor = found.next

    def send(
        self,
        method: str,
        path: str,
        *,
        query: msgspec.Struct | None = None,
        extra: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> httpx.Response:
        """The answer to a request, read whole; a moved repository is followed."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        with self._failures():
            response = self._client.request(
                method,
                path,
                params={**_parameters(query), **(extra or {})},
                content=content,
                headers=headers,
                follow_redirects=True,
            )
        return self._checked(response)

    def upload(
        self, method: str, path: str, content: bytes | IO[bytes], kind: type[T], query: msgspec.Struct | None = None
    ) -> T:
        """The typed answer to a request with plain ``content``, streamed with bounded memory where it is a file."""
        headers = {"Content-Type": "application/octet-stream"}
        sent = content if isinstance(content, bytes) else _parts(content)
        if not isinstance(content, bytes) and (size := _remaining(content)) is not None:
            headers["Content-Length"] = str(size)
        with self._failures():
            response = self._client.request(method, path, content=sent, params=_parameters(query), headers=headers)
        return self.decode(self._checked(response).content, kind)

    @contextmanager
    def stream(
        self, path: str, *, query: msgspec.Struct | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """The answer to a ``GET``, its body still to be read."""
        with (
            self._failures(),
            self._client.stream(
                "GET", path, params=_parameters(query), headers=headers, follow_redirects=True
            ) as response,
        ):
            if response.status_code >= 400:
                response.read()
            yield self._checked(response)

    def _checked(self, response: httpx.Response) -> httpx.Response:
        """``response``, unless it tells of a failure."""
        if response.is_success:
            return response
        try:
            body = msgspec.json.decode(response.content, type=dict[str, Any])
            code, text = str(body["code"]), str(body["error"])
        except (msgspec.DecodeError, KeyError):
            raise ServerUnreachable(
                endpoint=self.endpoint, reason=f"status {response.status_code} from something else than a hub"
            ) from None
        raise CommongroundError.received(code, text)

    def decode(self, content: bytes, kind: type[T]) -> T:
        """An answer as ``kind``."""
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as error:
            raise ServerUnreachable(endpoint=self.endpoint, reason=f"an answer that makes no sense: {error}") from None

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerUnreachable(endpoint=self.endpoint, reason=str(error) or type(error).__name__) from error


def repository_path(address: Address, *more: str) -> str:
    """The path of a repository in the API, and of what is below it. Every part is one segment."""
    parts = [SEGMENTS[address.kind], address.owner, address.name, *more]
    return f"{API}/repositories/{'/'.join(map(_segment, parts))}"


def file_path(address: Address, area: str, revision: str) -> str:
    """The path of a file or folder of a revision."""
    return "/".join([repository_path(address, area, revision), *map(_segment, filter(None, address.path.split("/")))])


def _segment(text: str) -> str:
    """``text`` as one segment of a path; "." and ".." would lead to something else."""
    if text in {"", ".", ".."}:
        raise InvalidAddress(address=repr(text), reason="it cannot be a part of a name or path")
    return quote(text, safe="")


def _parameters(query: msgspec.Struct | None) -> dict[str, Any]:
    """What differs from the defaults, the way query strings are written."""
    if query is None:
        return {}
    found = {}
    for field in msgspec.structs.fields(query):
        value = getattr(query, field.name)
        if value != field.default:
            found[field.encode_name] = str(value).lower() if isinstance(value, bool) else value
    return found


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(PART):
        yield part


def _remaining(file: IO[bytes]) -> int | None:
    """How many bytes are left to read, where that is known."""
    if not file.seekable():
        return None
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end - here
