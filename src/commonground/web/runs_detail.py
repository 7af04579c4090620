"""The page of one run: what it was asked, how it goes, what it said; and the buttons that end or resume it."""

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from commonground.accounts.model import Principal
from commonground.compute.planner.outcome import Comparison
from commonground.compute.runs.model import ENDED, Run, RunQuery
from commonground.compute.runs.service import Runs
from commonground.database.clock import now_ms
from commonground.http.files import UNTRUSTED
from commonground.http.routing import Route
from commonground.web import highlight
from commonground.web.runs_charts import chart
from commonground.web.runs_view import CHARACTERS, log_end, plain, run_number, spec_text
from commonground.web.site import Site

BLOCKS = 16
"""Blocks of a log read at a time."""
MOST_METRICS = 24
"""Metrics of a run that are drawn."""


class RunPages:
    """``/runs/{run}`` and what belongs to it."""

    def __init__(self, site: Site, runs: Runs) -> None:
        self._site, self._runs = site, runs

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route = self._site.route
        return [
            route("GET", "/runs/{run}", self.show, "A run"),
            route("GET", "/runs/{run}/log", self.log, "The log of a run, as text"),
            route("POST", "/runs/{run}/cancel", self.cancel, "End a run"),
            route("POST", "/runs/{run}/resume", self.resume, "Queue a run once more"),
            route("POST", "/runs/{run}/replay", self.replay, "See whether a run makes the same bits again"),
        ]

    async def show(self, request: Request) -> Response:
        """The run as it is now. A script keeps the page up to date while the run goes on."""
        caller, run = await self._found(request)
        blocks = await self._runs.log_tail(caller, run.id, CHARACTERS)
        series = await self._runs.series(caller, run.id, MOST_METRICS + 1)
        return await self._site.page(
            request,
            "runs/run.html",
            run=run,
            ended=run.state in ENDED,
            took=_took(run),
            may_submit=self._runs.may_submit(caller),
            spec=highlight.for_language(spec_text(run), "yaml"),
            environment={name: value for name, value in run.environment.items() if name != "plan"},
            plan=_plan(run),
            trials=bool(await self._runs.list(caller, RunQuery(parent=run.id, limit=1))),
            log=log_end(blocks),
            after=blocks[-1].number if blocks else 0,
            series=series[:MOST_METRICS],
            more_metrics=len(series) > MOST_METRICS,
            charts=[chart(one.key, {1: one}) for one in series[:MOST_METRICS]],
        )

    async def log(self, request: Request) -> Response:
        """The whole log, while it is read."""
        caller, run = await self._found(request)
        headers = {**UNTRUSTED, "Cache-Control": "private, no-store"}
        return StreamingResponse(self._lines(caller, run.id), headers=headers, media_type="text/plain; charset=utf-8")

    async def _lines(self, caller: Principal, run_id: int) -> AsyncIterator[str]:
        after = 0
        while blocks := await self._runs.logs(caller, run_id, after, BLOCKS):
            after = blocks[-1].number
            yield "".join(plain(block.text) for block in blocks)

    async def cancel(self, request: Request) -> Response:
        """End it, and show it again."""
        caller, run = await self._found(request)
        await self._runs.cancel(caller, run.id)
        return RedirectResponse(f"/runs/{run.id}", 303)

    async def resume(self, request: Request) -> Response:
        """Queue it once more, and show it again."""
        caller, run = await self._found(request)
        await self._runs.resume(caller, run.id)
        return RedirectResponse(f"/runs/{run.id}", 303)

    async def replay(self, request: Request) -> Response:
        """Execute it once more to compare what it makes, and show the new run."""
        caller, run = await self._found(request)
        again = await self._runs.replay(caller, run.id)
        return RedirectResponse(f"/runs/{again.id}", 303)

    async def _found(self, request: Request) -> tuple[Principal, Run]:
        caller = (await self._site.visit(request)).principal
        return caller, await self._runs.find(caller, run_number(request.path_params["run"]))


def _took(run: Run) -> int | None:
    """Milliseconds since it started, until it ended."""
    if run.started_at is None or run.state == "queued":
        return None
    return max(0, (run.finished_at or now_ms()) - run.started_at)


def _plan(run: Run) -> Comparison | None:
    """What the planner foretold and what was measured, where the run has it."""
    try:
        return msgspec.convert(run.environment.get("plan"), Comparison)
    except msgspec.ValidationError:
        return None
