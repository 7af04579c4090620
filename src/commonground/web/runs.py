"""The list of runs. The address says everything: state, kind, owner, search and place."""

from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from commonground.compute.runs.model import RunQuery, State
from commonground.compute.runs.service import Runs
from commonground.errors import BadRequest
from commonground.http.routing import Route
from commonground.web.runs_view import is_number
from commonground.web.site import Site

PAGE = 30
STATES: tuple[State, ...] = get_args(State)
_LONGEST_TEXT = 96


class RunListPages:
    """``/runs``: the visitor's own, of administrators everybody's."""

    def __init__(self, site: Site, runs: Runs) -> None:
        self._site, self._runs = site, runs

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [self._site.route("GET", "/runs", self.show, "Your runs")]

    async def show(self, request: Request) -> Response:
        """A page of the list, newest first."""
        principal = (await self._site.visit(request)).principal
        query = read_query(request)
        found = await self._runs.list(principal, query)
        runs = found[:PAGE]
        return await self._site.page(
            request,
            "runs/list.html",
            runs=runs,
            cursor=str(runs[-1].id) if len(found) > PAGE else "",
            query=query,
            states=STATES,
            may_submit=self._runs.may_submit(principal),
        )


def read_query(request: Request) -> RunQuery:
    """The list an address asks for, and one run more to know whether it goes on. Unknown values are left out;
    :class:`BadRequest` for a cursor that is none.
    """
    given = {name: request.query_params.get(name, "").replace("\0", "") for name in ("kind", "owner", "search")}
    cursor, parent = (request.query_params.get(name, "") for name in ("cursor", "parent"))
    if cursor and not is_number(cursor):
        raise BadRequest(reason="the cursor is not one of this list")
    return RunQuery(
        state=next((state for state in STATES if state == request.query_params.get("state")), None),
        kind=given["kind"][:_LONGEST_TEXT],
        owner=given["owner"][:_LONGEST_TEXT],
        text=given["search"].strip()[:_LONGEST_TEXT],
        parent=int(parent) if is_number(parent) else None,
        before=int(cursor) if cursor else None,
        limit=PAGE + 1,
    )
