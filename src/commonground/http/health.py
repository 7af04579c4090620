"""What operators and tools ask every server: is it alive, is it ready, what does it measure, what can it do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from commonground.errors import CommongroundError, NotReady
from commonground.http.openapi import describe
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.telemetry import exposition

Check = Callable[[], Awaitable[None]]


class HealthRoutes:
    """The addresses outside every protocol. ``checks`` name what the server depends on; each raises if it is away."""

    def __init__(self, checks: Mapping[str, Check], described: Callable[[], Sequence[Route]]) -> None:
        self._checks = checks
        self._described = described

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        table = [
            ("/healthz", self.alive, "Whether the process is alive"),
            ("/readyz", self.ready, "Whether the server can do its work"),
            ("/metrics", self.metrics, "Metrics in the Prometheus text format"),
            ("/openapi.json", self.openapi, "This document"),
            ("/llms.txt", self.llms, "The interfaces of this server in plain text"),
        ]
        return [
            Route(method="GET", template=template, handler=handler, summary=summary, tag="health")
            for template, handler, summary in table
        ]

    async def alive(self, request: Request) -> Response:
        """200 as long as the process answers."""
        return json_response({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """200 if everything it depends on answers, else 503 with the one that does not."""
        for name, check in self._checks.items():
            try:
                await check()
            except CommongroundError as error:
                raise NotReady(reason=f"{name}: {error}") from error
        return json_response({"status": "ready", "checks": sorted(self._checks)})

    async def metrics(self, request: Request) -> Response:
        """Counters and histograms of this process."""
        body, media_type = exposition()
        return Response(body, media_type=media_type)

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI 3.1 document of all routes."""
        return json_response(describe(self._described()))

    async def llms(self, request: Request) -> Response:
        """One line an endpoint, grouped by protocol."""
        return PlainTextResponse(_summary(self._described()))


def _summary(routes: Sequence[Route]) -> str:
    lines = [
        "# Commonground",
        "",
        "> An open hub for models and data sets: one repository of files that answers every protocol.",
    ]
    shown = [route for route in routes if not route.hidden]
    for tag in dict.fromkeys(route.tag for route in shown):
        lines += ["", f"## {tag}", ""]
        lines += [f"- {route.method} {route.template}: {route.summary}" for route in shown if route.tag == tag]
    return "\n".join(lines) + "\n"
