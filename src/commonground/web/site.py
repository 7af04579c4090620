"""What every page shares: templates in two languages, who is visiting, security headers, and how errors look."""

import gzip
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.model import ANONYMOUS, Principal
from commonground.accounts.passwords import MIN_LENGTH
from commonground.accounts.service import Accounts
from commonground.errors import CommongroundError, InvalidCredentials, RepositoryMoved, Unauthenticated
from commonground.http import identity
from commonground.http.routing import Handler, Route
from commonground.http.security_headers import page_headers
from commonground.settings import Settings
from commonground.web import formatting, i18n, links
from commonground.web.assets import Assets, accepts_gzip
from commonground.web.forms import Refused

LOCALE_COOKIE = "cg_locale"
_YEAR = 365 * 86_400
_WRONG_PASSWORD = i18n.marked("The name or the password is wrong.")
_TEMPLATES = Path(__file__).parent / "templates"


class Visit(msgspec.Struct, frozen=True):
    """One request as templates see it: who reads, in which language, at which address."""

    principal: Principal
    locale: str
    path: str
    query: tuple[tuple[str, str], ...]

    @property
    def language_tag(self) -> str:
        """The value of ``<html lang>``."""
        return i18n.TAGS[self.locale]

    @property
    def address(self) -> str:
        """Path and query, to come back to after signing in."""
        return links.with_query(self.path, self.query)

    @property
    def login_address(self) -> str:
        """The login page, which leads back here."""
        here = "/" if self.path in {"/login", "/join"} else self.address
        return links.with_query("/login", [("next", here.removeprefix("/") and here)])

    def changed(self, **values: str) -> str:
        """The address with other values in its query; an empty value leaves the name out, and so does paging."""
        kept = [(name, value) for name, value in self.query if name not in {*values, "cursor"}]
        return links.with_query(self.path, [*kept, *values.items()])

    def paged(self, cursor: str) -> str:
        """The address, continued at a cursor."""
        return self.changed(cursor=cursor)

    def toggled(self, name: str, value: str) -> str:
        """The address with one value of a repeatable name added, or taken away if it is there."""
        pair = (name, value)
        kept = [other for other in self.query if other not in (pair, ("cursor", dict(self.query).get("cursor", "")))]
        return links.with_query(self.path, kept if pair in self.query else [*kept, pair])


class Site:
    """Renders pages."""

    def __init__(self, accounts: Accounts, settings: Settings) -> None:
        self.accounts, self.settings, self.assets = accounts, settings, Assets()
        self._security = page_headers(settings)
        self._environments = {locale: self._environment(locale) for locale in i18n.LOCALES}

    def _environment(self, locale: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_translations(i18n.translations(locale), newstyle=True)  # type: ignore[attr-defined]
        environment.filters |= {
            "compact": formatting.compact,
            "file_size": formatting.file_size,
            "ago": lambda time: formatting.ago(time, locale),
            "full_time": lambda time: formatting.full_time(time, locale),
            "iso_time": formatting.iso_time,
            "duration": lambda milliseconds: formatting.duration(milliseconds, locale),
            "segment": lambda text: quote(text, safe=""),
        }
        environment.globals |= {
            "asset": self.assets.url,
            "repository_url": links.repository_url,
            "revision_url": links.revision_url,
            "named": links.Name,
            "lists": links.LISTS,
            "locale_names": i18n.NAMES,
            "registration": self.settings.registration,
            "password_length": MIN_LENGTH,
        }
        return environment

    def route(self, method: str, template: str, handler: Handler, summary: str) -> Route:
        """A route whose errors are pages."""
        return Route(
            method=method, template=template, handler=handler, summary=summary, tag="web", render_error=self.error
        )

    async def visit(self, request: Request) -> Visit:
        """Who is visiting. A wrong ``Authorization`` header raises :class:`InvalidCredentials`."""
        return _visit(request, await identity.principal(request, self.accounts))

    async def page(
        self, request: Request, template: str, *, status: int = 200, store: bool = True, **values: Any
    ) -> Response:
        """A page. ``store=False`` keeps one with a secret out of every cache."""
        return self._respond(request, await self.visit(request), template, status, store=store, values=values)

    async def again(
        self, request: Request, template: str, error: CommongroundError | Refused, **values: Any
    ) -> Response:
        """A form that was refused, once more, with the reason as ``problem``."""
        visit = await self.visit(request)
        if isinstance(error, InvalidCredentials):
            error = Refused(_WRONG_PASSWORD)
        status = 422 if isinstance(error, Refused) or error.status == 401 else error.status
        values["problem"] = error.message(visit.locale)
        return self._respond(request, visit, template, status, store=True, values=values)

    def error(self, request: Request, error: CommongroundError) -> Response:
        """The page of an error. A moved repository redirects; what asks for credentials leads to the login page."""
        if isinstance(error, RepositoryMoved) and request.method in {"GET", "HEAD"}:
            return RedirectResponse(_moved(request, error.details["repository"]), 307)
        visit = _visit(request, request.scope.get("commonground.principal", ANONYMOUS))
        if isinstance(error, Unauthenticated):
            return RedirectResponse(visit.login_address if request.method in {"GET", "HEAD"} else "/login", 303)
        values = {"error": error, "message": error.message(visit.locale)}
        return self._respond(request, visit, "error.html", error.status, store=True, values=values)

    def _respond(
        self, request: Request, visit: Visit, template: str, status: int, *, store: bool, values: dict[str, Any]
    ) -> Response:
        html = self._environments[visit.locale].get_template(template).render(visit=visit, **values).encode()
        headers = {
            **self._security,
            "Cache-Control": "private, no-cache" if store else "no-store",
            "Content-Language": visit.language_tag,
            "Vary": "Accept-Encoding, Accept-Language, Cookie",
        }
        if accepts_gzip(request):
            html = gzip.compress(html, 5, mtime=0)
            headers["Content-Encoding"] = "gzip"
        response = Response(html, status, headers, "text/html")
        if request.query_params.get("locale") in i18n.LOCALES:
            response.set_cookie(LOCALE_COOKIE, visit.locale, _YEAR, secure=self.settings.secure, samesite="lax")
        return response


def _visit(request: Request, principal: Principal) -> Visit:
    locale = i18n.choose(
        request.query_params.get("locale"),
        request.cookies.get(LOCALE_COOKIE),
        request.headers.get("accept-language", ""),
    )
    query = tuple((name, value) for name, value in request.query_params.multi_items() if name != "locale")
    return Visit(principal, locale, quote(request.scope["path"], safe="/:@!$&'()*+,;=~"), query)


def _moved(request: Request, repository: str) -> str:
    """The address of the request, at the repository's new id."""
    raw_path = (request.scope.get("raw_path") or request.scope["path"].encode()).decode("ascii", "replace")
    segments = raw_path.strip("/").split("/")
    at = 1 if "prefix" in request.path_params else 0
    new = "/" + "/".join([*segments[:at], repository, *segments[at + 2 :]])
    return links.with_query(new, request.query_params.multi_items())
