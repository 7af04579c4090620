"""What git and Git LFS share: addresses below a repository, and refusals that make a client send its credentials."""

from collections.abc import Iterable

from starlette.requests import Request

from commonground.accounts.model import KINDS_BY_SEGMENT, Principal
from commonground.accounts.permissions import Action
from commonground.accounts.service import Accounts
from commonground.errors import CommongroundError, GatedRepository, RepositoryNotFound, Unauthenticated
from commonground.http.identity import principal
from commonground.http.routing import ErrorRenderer, Handler, Route
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories

_PREFIXES = ("", "/{kind:datasets|spaces|kernels}")


def git_routes(table: Iterable[tuple[str, str, Handler, str]], *, tag: str, render_error: ErrorRenderer) -> list[Route]:
    """Routes from (method, path below the repository, handler, summary): for every kind, with and without ``.git``."""
    return [
        Route(
            method=method,
            template=f"{prefix}/{{owner}}/{name}/{path}",
            handler=handler,
            summary=summary,
            tag=tag,
            render_error=render_error,
            hidden=not name.endswith(".git"),
        )
        for method, path, handler, summary in table
        for prefix in _PREFIXES
        for name in ("{name}.git", "{name}")
    ]


async def open_repository(
    request: Request, accounts: Accounts, repositories: Repositories, action: Action
) -> tuple[Principal, Repository]:
    """The caller, and the repository the path names if the caller may do ``action`` to it."""
    caller, params = await principal(request, accounts), request.path_params
    kind = KINDS_BY_SEGMENT[params.get("kind", "models")]
    return caller, await repositories.open(caller, kind, params["owner"], params["name"], action)


def challenge(request: Request, error: CommongroundError) -> CommongroundError:
    """``error``, or :class:`Unauthenticated` where credentials may help: clients send them only after a 401, so what
    an anonymous caller does not find may be private.
    """
    hidden = isinstance(error, RepositoryNotFound | GatedRepository)
    return Unauthenticated() if hidden and "authorization" not in request.headers else error
