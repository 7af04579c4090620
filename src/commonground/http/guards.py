"""Guards: what every matched request passes before its handler."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import CrossSiteRequest
from commonground.http.application import Guard
from commonground.http.identity import from_here, public_origin
from commonground.settings import Settings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_TYPES = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


def same_origin_guard(settings: Settings) -> Guard:
    """A guard that refuses, with :class:`CrossSiteRequest`, what another site made a browser send: a request that
    changes something, and carries a cookie (more than one of ours signs in) or is what a form or a script can send
    without asking (signing somebody in is a change, too).

    Requests with an ``Authorization`` header need no protection: no browser adds that by itself.
    """

    async def guard(request: Request) -> Response | None:
        if request.method not in _SAFE_METHODS and _at_risk(request) and not from_here(request, settings):
            raise CrossSiteRequest
        return None

    return guard


def is_own_origin(request: Request, settings: Settings) -> bool:
    """Whether a request with an ``Origin`` comes from a page of this server; one without comes from no page.

    Compared with ``settings.public_url``. Without that only a host that is an address or ``localhost`` counts: any
    other name could have been made to lead here by somebody else (DNS rebinding), and ``Host`` would repeat it.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return True
    known = bool(settings.public_url) or _is_literal(urlsplit(public_origin(request, settings)).hostname or "")
    return known and origin.lower() == _origin_of(public_origin(request, settings))


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _at_risk(request: Request) -> bool:
    if "authorization" in request.headers:
        return False
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return "cookie" in request.headers or content_type in _FORM_TYPES


def _origin_of(address: str) -> str:
    return "/".join(address.lower().split("/")[:3])
