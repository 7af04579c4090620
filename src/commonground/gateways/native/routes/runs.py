"""Runs: submit, look, cancel, resume; their metrics; and the lineage they make."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.compute.runs import model
from commonground.errors import BadRequest, InvalidSpec, KindUnavailable, RunNotFound, RunStateConflict
from commonground.gateways.native import errors, wire
from commonground.gateways.native import wire_runs as runs_wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint, page
from commonground.http.bodies import read_json
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route

RUNS = f"{wire.API}/runs"
RUN = f"{RUNS}/{{run}}"
FIND: errors.Errors = (*errors.SIGNED_IN, RunNotFound)


class RunRoutes:
    """Everything about runs but their logs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._runs = context.services.runs

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        found = {"result": runs_wire.Run}
        return [
            endpoint("POST", RUNS, self.submit_run, "Queue a run", body=runs_wire.SubmitRun, status=201, **found,
                     errors=(*errors.READ, InvalidSpec, KindUnavailable)),
            endpoint("GET", RUNS, self.list_runs, "List runs", query=runs_wire.RunQuery,
                     result=wire.Page[runs_wire.Run], errors=errors.SIGNED_IN),
            endpoint("GET", RUN, self.get_run, "Look at a run", **found, errors=FIND),
            endpoint("POST", f"{RUN}/cancel", self.cancel_run, "End a run", **found, errors=(*FIND, RunStateConflict)),
            endpoint("POST", f"{RUN}/resume", self.resume_run, "Queue a run once more", **found,
                     errors=(*FIND, RunStateConflict)),
            endpoint("POST", f"{RUN}/replay", self.replay_run, "Execute a run once more and compare", status=201, **found,
                     errors=(*errors.READ, InvalidSpec, KindUnavailable, *FIND, RunStateConflict)),
            endpoint("GET", f"{RUN}/metrics", self.list_run_metrics, "List the metrics of a run",
                     query=runs_wire.MetricQuery, result=wire.Page[runs_wire.Metric], errors=FIND),
            endpoint("GET", f"{REPOSITORY}/lineage", self.get_lineage, "Where a revision comes from",
                     query=runs_wire.LineageQuery, result=runs_wire.Graph, errors=errors.READ),
        ]  # fmt: skip

    async def submit_run(self, request: Request) -> Response:
        """Queue a run of a specification; its inputs are pinned to the commits they are now."""
        caller = await self._context.caller(request)
        asked = await read_json(request, runs_wire.SubmitRun)
        run = await self._runs.submit(caller, asked.spec, labels=asked.labels, secrets=asked.secrets)
        return json_response(shown(run), 201, headers={"Location": f"{RUNS}/{run.id}"})

    async def list_runs(self, request: Request) -> Response:
        """The caller's runs, newest first; an administrator sees everybody's."""
        caller, asked = await self._context.caller(request), read_query(request, runs_wire.RunQuery)
        query = model.RunQuery(
            state=asked.state, kind=asked.kind, parent=asked.parent, labels=_labels(asked.label),
            before=asked.cursor, limit=asked.limit + 1,
        )  # fmt: skip
        found = await self._runs.list(caller, query)
        items, more = found[: asked.limit], len(found) > asked.limit
        return page(request, [shown(run) for run in items], str(items[-1].id) if more else None)

    async def get_run(self, request: Request) -> Response:
        """A run, with what it read, what it made and what it cost."""
        caller = await self._context.caller(request)
        return json_response(shown(await self._runs.find(caller, run_id(request))))

    async def cancel_run(self, request: Request) -> Response:
        """End a run that waits or runs; its processes are gone within seconds."""
        caller = await self._context.caller(request)
        return json_response(shown(await self._runs.cancel(caller, run_id(request))))

    async def resume_run(self, request: Request) -> Response:
        """Queue a failed or cancelled run once more; it finds the checkpoint of its last attempt."""
        caller = await self._context.caller(request)
        return json_response(shown(await self._runs.resume(caller, run_id(request))))

    async def replay_run(self, request: Request) -> Response:
        """Execute a run that succeeded once more, with its inputs and its seed. Nothing is published: the new run's
        `verdict` says whether it made the same bits.
        """
        caller = await self._context.caller(request)
        run = await self._runs.replay(caller, run_id(request))
        return json_response(shown(run), 201, headers={"Location": f"{RUNS}/{run.id}"})

    async def list_run_metrics(self, request: Request) -> Response:
        """The values of a run's metrics, in the order they were reported."""
        caller, asked = await self._context.caller(request), read_query(request, runs_wire.MetricQuery)
        found = await self._runs.metrics(caller, run_id(request), asked.key, asked.cursor or 0, asked.limit + 1)
        items, more = found[: asked.limit], len(found) > asked.limit
        return page(request, [runs_wire.metric(point) for point in items], str(items[-1].id) if more else None)

    async def get_lineage(self, request: Request) -> Response:
        """The runs and revisions before and after a revision, as far as the caller may know of them."""
        caller, repository = await self._context.opened(request)
        asked = read_query(request, runs_wire.LineageQuery)
        revisions = self._context.services.revisions
        commit = await revisions.resolve(repository, asked.revision or repository.default_branch)
        return json_response(await self._runs.lineage(caller, repository, commit, asked.depth))


def run_id(request: Request) -> int:
    """The run the path names; :class:`RunNotFound` for what is no number."""
    text = request.path_params["run"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise RunNotFound(run=text[:40])
    return int(text)


def shown(run: model.Run) -> runs_wire.Run:
    """A run the way the API shows it."""
    return runs_wire.Run(
        **{name: getattr(run, name) for name in model.RunFacts.__struct_fields__},
        spec=msgspec.to_builtins(run.spec),
        inputs=tuple(_place(link) for link in run.inputs),
        outputs=tuple(_place(link) for link in run.outputs),
    )


def _place(link: model.Link) -> model.Place:
    return model.Place(**{name: getattr(link, name) for name in model.Place.__struct_fields__})


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    """``key=value`` texts as a mapping; :class:`BadRequest` for what is none."""
    for text in given:
        if "=" not in text:
            raise BadRequest(reason=f"label {text[:100]} is not key=value")
    return dict(text.split("=", 1) for text in given)
