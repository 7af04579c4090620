"""The ASGI application: match, call, and turn every failure into an answer."""

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from commonground.errors import CommongroundError
from commonground.http.responses import json_error
from commonground.http.routing import ErrorRenderer, Router
from commonground.telemetry import logger, observe_request

Guard = Callable[[Request], Awaitable[Response | None]]


class Application:
    """Serves a :class:`Router`. ``guards`` see every matched request first; one that answers ends it."""

    def __init__(
        self,
        router: Router,
        guards: tuple[Guard, ...] = (),
        startup: Callable[[], Awaitable[None]] | None = None,
        shutdown: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.router = router
        self._guards = guards
        self._startup, self._shutdown = startup, shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = Request(scope, receive)
        identity = _request_id(request)
        status, template = 500, "-"

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", identity.encode("latin-1"))]
            await send(message)

        render: ErrorRenderer = json_error
        try:
            route, params = self.router.match(request.method, scope.get("raw_path") or scope["path"].encode())
            scope["path_params"], template = params, route.template
            render = route.render_error or json_error
            response = await self._answer(request, route.handler)
        except CommongroundError as error:
            response = render(request, error)
            if error.status >= 500:
                logger().error(
                    "request failed", code=error.code, error=str(error), path=scope["path"], request=identity
                )
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - process edge: a defect becomes a 500 with a request id, never a dead connection
            logger().exception("unexpected error", path=scope["path"], request=identity)
            response = render(request, CommongroundError())
        try:
            await response(scope, receive, send_marked)
        finally:
            observe_request(request.method, template, status, time.perf_counter() - started)

    async def _answer(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        for guard in self._guards:
            if (response := await guard(request)) is not None:
                return response
        return await handler(request)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        steps: dict[str, Any] = {"lifespan.startup": self._startup, "lifespan.shutdown": self._shutdown}
        while True:
            kind = (await receive())["type"]
            if steps[kind] is not None:
                await steps[kind]()
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id") or request.headers.get("x-amzn-trace-id") or ""
    return given[:200] if given.isascii() and given.isprintable() and given else secrets.token_hex(16)
