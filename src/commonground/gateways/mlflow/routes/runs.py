"""Runs: begun, measured, ended, searched."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.compute.runs.model import Point
from commonground.compute.tracking.model import Report, Search
from commonground.gateways.mlflow import answers, wire
from commonground.gateways.mlflow.context import Context, answer, endpoint, offset_of, paged, pairs, read, size_of
from commonground.gateways.mlflow.filters import parse_filter, parse_order
from commonground.gateways.mlflow.names import experiment_number, run_number
from commonground.gateways.mlflow.routes.experiments import VIEWS
from commonground.http.parameters import read_query
from commonground.http.routing import Route

HISTORY_LIMIT = 100_000
"""Values of a metric in one answer, where the client does not ask for pages."""


class RunRoutes:
    """Runs."""

    def __init__(self, context: Context) -> None:
        self._context, self._runs = context, context.tracking.runs

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        pair = wire.RunPair
        return [
            endpoint("POST", "runs/create", self.create, "Begin a run", body=wire.CreateRun),
            endpoint("GET", "runs/get", self.find, "Look at a run", query=("run_id", "run_uuid")),
            endpoint("POST", "runs/update", self.update, "Change or end a run", body=wire.UpdateRun),
            endpoint("POST", "runs/delete", self.delete, "Delete a run", body=wire.RunId),
            endpoint("POST", "runs/restore", self.restore, "Restore a run", body=wire.RunId),
            endpoint("POST", "runs/search", self.search, "Search runs", body=wire.SearchRuns),
            endpoint("POST", "runs/log-metric", self.log_metric, "Record a value of a metric", body=wire.LogMetric),
            endpoint("POST", "runs/log-parameter", self.log_parameter, "Record a parameter", body=pair),
            endpoint("POST", "runs/log-batch", self.log_batch, "Record much at once", body=wire.LogBatch),
            endpoint("POST", "runs/set-tag", self.set_tag, "Set a tag of a run", body=pair),
            endpoint("POST", "runs/delete-tag", self.delete_tag, "Remove a tag of a run", body=pair),
            endpoint("GET", "metrics/get-history", self.history, "The values of a metric", query=wire.MetricHistory),
        ]

    async def create(self, request: Request) -> Response:
        """A new run of the caller's."""
        caller, asked = await self._context.caller(request), await read(request, wire.CreateRun)
        experiment = experiment_number(asked.experiment_id)
        made = await self._runs.begin(caller, experiment, asked.run_name, asked.start_time, pairs(asked.tags))
        return answer({"run": answers.run(made)})

    async def find(self, request: Request) -> Response:
        """A run with what was recorded of it."""
        caller, asked = await self._context.caller(request), read_query(request, wire.RunId)
        return answer({"run": answers.run(await self._runs.find(caller, run_number(asked.id)))})

    async def update(self, request: Request) -> Response:
        """Set state, end, name."""
        caller, asked = await self._context.caller(request), await read(request, wire.UpdateRun)
        state = answers.STATES[asked.status] if asked.status else None
        found = await self._runs.update(caller, run_number(asked.id), state, asked.end_time, asked.run_name)
        return answer({"run_info": answers.run_info(found)})

    async def delete(self, request: Request) -> Response:
        """Put a run into the bin."""
        return await self._set_deleted(request, deleted=True)

    async def restore(self, request: Request) -> Response:
        """Take it out of the bin."""
        return await self._set_deleted(request, deleted=False)

    async def _set_deleted(self, request: Request, *, deleted: bool) -> Response:
        caller, asked = await self._context.caller(request), await read(request, wire.RunId)
        await self._runs.set_deleted(caller, run_number(asked.id), deleted=deleted)
        return answer()

    async def search(self, request: Request) -> Response:
        """A page of the runs of some experiments."""
        caller, asked = await self._context.caller(request), await read(request, wire.SearchRuns)
        size, offset = size_of(asked.max_results), offset_of(asked.page_token)
        search = Search(
            conditions=parse_filter(asked.filter, answers.RUN_WORDS),
            order=parse_order(asked.order_by),
            existing=VIEWS[asked.run_view_type],
            offset=offset,
            limit=size + 1,
        )
        experiments = [experiment_number(one) for one in asked.experiment_ids]
        found = await self._runs.search(caller, experiments, search)
        return answer(paged("runs", [answers.run(one) for one in found], offset, size))

    async def log_metric(self, request: Request) -> Response:
        """Record a value of a metric."""
        asked = await read(request, wire.LogMetric)
        metric = wire.Metric(asked.key, asked.value, asked.timestamp, asked.step, asked.model_id)
        return await self._record(request, asked, _report([metric]))

    async def log_parameter(self, request: Request) -> Response:
        """Record a parameter."""
        asked = await read(request, wire.RunPair)
        return await self._record(request, asked, Report(params={asked.key: asked.value}))

    async def set_tag(self, request: Request) -> Response:
        """Set a tag."""
        asked = await read(request, wire.RunPair)
        return await self._record(request, asked, Report(tags={asked.key: asked.value}))

    async def log_batch(self, request: Request) -> Response:
        """Record metrics, parameters and tags, all or none."""
        asked = await read(request, wire.LogBatch)
        report = _report(asked.metrics, params=pairs(asked.params), tags=_last(asked.tags))
        return await self._record(request, asked, report)

    async def _record(self, request: Request, asked: wire.RunId, report: Report) -> Response:
        caller: Principal = await self._context.caller(request)
        await self._runs.record(caller, run_number(asked.id), report)
        return answer()

    async def delete_tag(self, request: Request) -> Response:
        """Remove a tag."""
        caller, asked = await self._context.caller(request), await read(request, wire.RunPair)
        await self._runs.remove_tag(caller, run_number(asked.id), asked.key)
        return answer()

    async def history(self, request: Request) -> Response:
        """The values of a metric, by step and time."""
        caller, asked = await self._context.caller(request), read_query(request, wire.MetricHistory)
        offset = offset_of(asked.page_token)
        size = HISTORY_LIMIT if asked.max_results is None else size_of(asked.max_results, HISTORY_LIMIT)
        found = await self._runs.history(caller, run_number(asked.id), asked.metric_key, offset, size + 1)
        return answer(paged("metrics", [answers.metric(point) for point in found], offset, size))


def _report(metrics: Sequence[wire.Metric], **more: Any) -> Report:
    new = tuple(_point(metric) for metric in metrics if not metric.model_id)
    return Report(metrics=new, repeated=tuple(_point(metric) for metric in metrics if metric.model_id), **more)


def _point(metric: wire.Metric) -> Point:
    return Point(key=metric.key, value=float(metric.value), step=metric.step, time=metric.timestamp)


def _last(tags: list[wire.Pair]) -> dict[str, str]:
    """Of several values of one tag the last, as if they came one after the other."""
    return {tag.key: tag.value for tag in tags}
