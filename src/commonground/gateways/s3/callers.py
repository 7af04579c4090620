"""Who calls: by the signature of the request, or as on every other route of the server."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
from starlette.requests import Request

from commonground.accounts.access_keys import AccessKeys
from commonground.accounts.model import Principal
from commonground.errors import BadRequest, SignatureExpired, SignatureMismatch
from commonground.gateways.s3 import signature, signature2
from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.signature import ALGORITHM, UNSIGNED, Query, Signed
from commonground.http.addresses import raw_path
from commonground.http.identity import principal, public_origin
from commonground.services import Services

BASE = "/s3"
"""Where the endpoint is."""
PURPOSE = "s3"
"""What the key pairs of this protocol are derived for."""
SKEW = timedelta(minutes=15)
"""How far the clock of a client may be off."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The caller, and what was signed of the body: its ``payload`` (a SHA-256, or one of S3's words), and the key and
    claims with which parts of a signed stream are checked.
    """

    principal: Principal
    payload: str = UNSIGNED
    key: bytes = b""
    claims: Signed | None = None


async def caller_of(services: Services, request: Request) -> Caller:
    """The caller of a request. Raises :class:`InvalidCredentials`, :class:`SignatureMismatch`,
    :class:`SignatureExpired`, and :class:`BadRequest` for claims that cannot be read.
    """
    header = request.headers.get("authorization", "")
    query = signature.parse_query(request.scope["query_string"].decode("latin-1"))
    names = {name for name, _ in query}
    if header.startswith("AWS "):
        raise refused("InvalidRequest", f"this needs Signature Version 4 ({ALGORITHM})")
    if header.startswith(ALGORITHM):
        return await _signed(services, request, query, signature.read_header(header, request.headers))
    if header:
        return await _plain(services, request)
    if "X-Amz-Signature" in names or "X-Amz-Algorithm" in names:
        return await _signed(services, request, query, signature.read_query(query, request.headers))
    if "AWSAccessKeyId" in names:
        return await _by_address(services.access_keys, request, query)
    return await _plain(services, request)


async def _plain(services: Services, request: Request) -> Caller:
    payload = request.headers.get("x-amz-content-sha256", UNSIGNED)
    return Caller(principal=await principal(request, services.accounts), payload=payload)


async def _signed(services: Services, request: Request, query: Query, claims: Signed) -> Caller:
    _check_time(claims, datetime.now(UTC))
    caller, secret = await services.access_keys.find(claims.key_id, PURPOSE)
    headers = _headers(request)
    if unsigned := [name for name in headers if name.startswith("x-amz-") and name not in claims.headers]:
        raise refused("AccessDenied", f"the header {unsigned[0][:80]} is not signed", 403)
    key = claims.signing_key(secret)
    if not any(_is_signed(key, claims, request, query, form) for form in _forms(services, request, headers)):
        raise SignatureMismatch
    return Caller(principal=caller, payload=claims.payload, key=key, claims=claims)


Form = tuple[str, Mapping[str, Sequence[str]]]
"""A path and headers that may have been signed."""


def _is_signed(key: bytes, claims: Signed, request: Request, query: Query, form: Form) -> bool:
    canonical = signature.canonical_request(claims, request.method, form[0], query, form[1])
    return _same(signature.sign(key, signature.string_to_sign(claims, canonical)), claims.signature)


def _forms(services: Services, request: Request, headers: Mapping[str, Sequence[str]]) -> Iterator[Form]:
    """What a client may have signed, the most usual first: its path in S3's spelling or as it was sent, with any host."""
    raw = raw_path(request)
    for host in _hosts(services, request):
        for path in dict.fromkeys((signature.canonical_path(raw), raw)):
            yield path, {**headers, "host": [host]}


def _hosts(services: Services, request: Request) -> Iterator[str]:
    """The names under which the client may have called: a proxy replaces ``Host``."""
    yield request.headers.get("host", "")
    with suppress(BadRequest):  # not a host one could answer with
        yield public_origin(request, services.settings).partition("://")[2]


def _check_time(claims: Signed, now: datetime) -> None:
    end = claims.time + (SKEW if claims.expires is None else claims.expires)
    if claims.expires is not None and now > end:
        raise SignatureExpired(signed=claims.moment, now=f"{now:%Y%m%dT%H%M%SZ}", s3="AccessDenied")
    if not claims.time - SKEW <= now <= end:
        raise SignatureExpired(signed=claims.moment, now=f"{now:%Y%m%dT%H%M%SZ}")


async def _by_address(keys: AccessKeys, request: Request, query: Query) -> Caller:
    address = signature2.read_address(query)
    if address.expires < datetime.now(UTC).timestamp():
        raise SignatureExpired(signed=f"until {address.expires}", now="later", s3="AccessDenied")
    if raw_path(request).count("/") < 3 or request.method not in {"GET", "HEAD", "PUT"}:
        raise refused("InvalidRequest", f"this needs Signature Version 4 ({ALGORITHM})")
    caller, secret = await keys.find(address.key_id, PURPOSE)
    path, headers = raw_path(request), _single(request)
    # clients leave out the path of the endpoint, as they would the name of its host
    made = [
        signature2.expected(secret, address, request.method, signed, query, headers)
        for signed in (path.removeprefix(BASE), path)
    ]
    if not any(_same(one, address.signature) for one in made):
        raise SignatureMismatch
    return Caller(principal=caller)


def _headers(request: Request) -> dict[str, list[str]]:
    """Every value of every header, by name in lower case."""
    found: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        found.setdefault(name, []).append(value)
    return found


def _single(request: Request) -> dict[str, str]:
    return {name: ",".join(values) for name, values in _headers(request).items()}


def _same(made: str, given: str) -> bool:
    return hmac.compare_digest(made.encode(), given.encode("utf-8", "replace"))
