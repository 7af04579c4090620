"""Who is calling, from where, and under which address they see this server."""

import binascii
import re
from base64 import b64decode
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import ANONYMOUS, Credentials, Principal
from commonground.accounts.service import Accounts
from commonground.errors import BadRequest, InvalidCredentials, InvalidSetting, Unauthenticated
from commonground.settings import Settings

SESSION_COOKIE = "cg_session"
_PRINCIPAL = "commonground.principal"
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?\Z")


async def principal(request: Request, accounts: Accounts, token_cookie: str = "") -> Principal:
    """The caller: from ``Authorization`` (Bearer or Basic), else, where a repository is read, from ``?token=``, else from
    the session cookie, else anonymous.

    Raises :class:`InvalidCredentials` for a wrong or unreadable ``Authorization`` and for a link that has expired; a
    cookie that has ended is nobody's. Asked again for the same request, the answer costs nothing.

    ``token_cookie`` names a cookie in which clients of a protocol send their access token. It counts where nothing else
    does, and never in what another site made a browser send.
    """
    known: Principal | None = request.scope.get(_PRINCIPAL)
    if known is None:
        known = request.scope[_PRINCIPAL] = await _authenticate(accounts, request, token_cookie)
    return known


async def signed_in(request: Request, accounts: Accounts) -> Principal:
    """Like :func:`principal`; an anonymous caller is :class:`Unauthenticated`."""
    caller = await principal(request, accounts)
    if caller.is_anonymous:
        raise Unauthenticated
    return caller


async def _authenticate(accounts: Accounts, request: Request, token_cookie: str) -> Principal:
    given = credentials(request)
    token = request.cookies.get(token_cookie) if given.kind == "none" else None
    if token and from_here(request, accounts.settings):
        given = Credentials("bearer", secret=token)
    address = client_address(request, accounts.settings) if given.kind == "basic" else ""
    try:
        return await accounts.authenticate(given, address)
    except InvalidCredentials:
        if given.kind == "session":
            return ANONYMOUS
        raise


def credentials(request: Request) -> Credentials:
    """What the request carries; :class:`InvalidCredentials` for an ``Authorization`` of another form."""
    header = request.headers.get("authorization")
    if header is None and (link := _link(request)):
        return Credentials("link", secret=link)
    if header is None:
        cookie = request.cookies.get(SESSION_COOKIE)
        return Credentials("session", secret=cookie) if cookie else Credentials()
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return Credentials("bearer", secret=value)
    if scheme.lower() == "basic" and value:
        user, _, secret = _decode_basic(value).partition(":")
        return Credentials("basic", user, secret)
    raise InvalidCredentials


def _link(request: Request) -> str | None:
    """The signed token of an address, on paths that name a repository: elsewhere it would open the account."""
    if request.method not in {"GET", "HEAD"} or not {"owner", "name"} <= request.path_params.keys():
        return None
    return request.query_params.get("token")


def _decode_basic(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidCredentials from None


def set_session(response: Response, cookie: str, settings: Settings, request: Request | None = None) -> None:
    """Hand the browser its session; ``Secure`` where the settings or the ``request`` say that it is on HTTPS."""
    seconds = settings.session_days * 86_400
    secure = settings.secure or (request is not None and public_origin(request, settings).startswith("https:"))
    response.set_cookie(SESSION_COOKIE, cookie, seconds, secure=secure, httponly=True, samesite="lax")


def clear_session(response: Response, settings: Settings) -> None:
    """Take the session cookie back."""
    response.delete_cookie(SESSION_COOKIE, secure=settings.secure, httponly=True, samesite="lax")


def public_origin(request: Request, settings: Settings) -> str:
    """The address clients reach this server at, without a slash at the end: ``settings.public_url``, else what a
    trusted proxy forwards, else the ``Host`` header. :class:`BadRequest` for a host that is none.
    """
    if settings.public_url:
        return settings.public_url.rstrip("/")
    scheme, host = request.url.scheme, request.headers.get("host", "")
    if _is_trusted(_peer(request), settings):
        scheme = _last(request, "x-forwarded-proto") or scheme
        host = _last(request, "x-forwarded-host") or host
    if not _HOST.match(host) or scheme not in {"http", "https"}:
        raise BadRequest(reason="the Host header is not a host")
    return f"{scheme}://{host}"


def from_here(request: Request, settings: Settings) -> bool:
    """Whether a request is one of our own pages' or no browser's. Browsers say where a request comes from
    (``Sec-Fetch-Site``, else ``Origin``); a client that says neither is no browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or origin.lower() == "/".join(public_origin(request, settings).lower().split("/")[:3])


def client_address(request: Request, settings: Settings) -> str:
    """The address the request came from: the last one in ``X-Forwarded-For`` that is no trusted proxy, if the peer
    is one, else the peer. Empty where there is none (a Unix socket).
    """
    address = _peer(request)
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while forwarded and _is_trusted(address, settings) and _parse(candidate := forwarded.pop().strip()):
        address = candidate
    return address


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _last(request: Request, header: str) -> str:
    return ",".join(request.headers.getlist(header)).rpartition(",")[2].strip()


def _is_trusted(address: str, settings: Settings) -> bool:
    parsed = _parse(address) if settings.trusted_proxies else None
    return parsed is not None and any(parsed in network for network in _networks(settings.trusted_proxies))


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _networks(addresses: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(address, strict=False) for address in addresses)
    except ValueError as error:
        raise InvalidSetting(name="trusted_proxies", reason=str(error)) from None
