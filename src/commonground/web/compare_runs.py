"""Runs side by side: where their specifications differ, how far they came, their metrics in one chart."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.compute.runs.model import Run, Series
from commonground.compute.runs.service import Runs
from commonground.http.routing import Route
from commonground.web.runs_charts import Chart, chart
from commonground.web.runs_charts import number as shown_number
from commonground.web.runs_view import options, run_number
from commonground.web.site import Site

MOST_RUNS = 6
"""More curves than this in one chart are not told apart."""
MOST_METRICS = 24
MOST_ROWS = 200


class Row(msgspec.Struct, frozen=True):
    """A line of a table: what it says of each run; ``None``: nothing. ``marks``: which value is the lowest, which the
    highest.
    """

    name: str
    values: Sequence[str | None]
    marks: Sequence[str] = ()


class CompareRunPages:
    """``/runs/compare?ids=1,2,3``; ``ids`` may be repeated, too."""

    def __init__(self, site: Site, runs: Runs) -> None:
        self._site, self._runs = site, runs

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [self._site.route("GET", "/runs/compare", self.show, "Runs side by side")]

    async def show(self, request: Request) -> Response:
        """The tables and the charts."""
        caller = (await self._site.visit(request)).principal
        texts = [text.strip() for given in request.query_params.getlist("ids") for text in given.split(",")]
        asked = list(dict.fromkeys(run_number(text) for text in texts if text))
        runs = [await self._runs.find(caller, number) for number in asked[:MOST_RUNS]]
        series = await self._series(caller, runs)
        return await self._site.page(
            request,
            "runs/compare.html",
            runs=runs,
            left_out=len(asked) > MOST_RUNS,
            most=MOST_RUNS,
            options=different([options(run) for run in runs])[:MOST_ROWS],
            metrics=last_values(series),
            charts=charts(series),
        )

    async def _series(self, caller: Principal, runs: Sequence[Run]) -> list[dict[str, Series]]:
        return [{one.key: one for one in await self._runs.series(caller, run.id, MOST_METRICS)} for run in runs]


def different(sides: Sequence[Mapping[str, str]]) -> list[Row]:
    """A row for every name whose value is not the same on all sides."""
    names = sorted({name for side in sides for name in side})
    rows = [Row(name, [side.get(name) for side in sides]) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def last_values(series: Sequence[Mapping[str, Series]]) -> list[Row]:
    """A row for every metric: the last value of each run."""
    return [_row(key, [side.get(key) for side in series]) for key in _keys(series)]


def charts(series: Sequence[Mapping[str, Series]]) -> list[Chart]:
    """A chart for every metric, with a curve for each run that has it; they are numbered from 1."""
    return [
        chart(key, {place: side[key] for place, side in enumerate(series, 1) if key in side}) for key in _keys(series)
    ]


def _keys(series: Sequence[Mapping[str, Series]]) -> list[str]:
    return sorted({key for side in series for key in side})[:MOST_METRICS]


def _row(key: str, found: Sequence[Series | None]) -> Row:
    values = [None if one is None else one.last.value for one in found]
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    marks = [
        "" if value is None or low == high else "lowest" if value == low else "highest" if value == high else ""
        for value in values
    ]
    return Row(key, [None if value is None else shown_number(value) for value in values], marks)
