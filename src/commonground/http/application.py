"""The ASGI application: match, call, and turn every failure into an answer."""

import secrets
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from commonground.errors import CommongroundError
from commonground.http.responses import REQUEST_ID, json_error
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
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        scope[REQUEST_ID] = _request_id(request)
        exchange = _Exchange(send, scope[REQUEST_ID])
        render: ErrorRenderer = json_error
        template = "-"
        try:
            route, params = self.router.match(request.method, scope.get("raw_path") or scope["path"].encode(), request)
            scope["path_params"], template = params, route.template
            render = route.render_error or json_error
            response = await self._answer(request, route.handler)
            await response(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        except Exception as error:
            exchange.log(request, error)
            if exchange.ended:
                return
            if exchange.started:
                raise  # the server cuts the connection: half a body must not look like a whole one
            known = error if isinstance(error, CommongroundError) else CommongroundError()
            await render(request, known)(scope, receive, exchange.send)
        finally:
            observe_request(request.method, template, exchange.status, time.perf_counter() - exchange.began)

    async def _answer(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        for guard in self._guards:
            if (response := await guard(request)) is not None:
                return response
        return await handler(request)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        steps: dict[str, Any] = {"lifespan.startup": self._startup, "lifespan.shutdown": self._shutdown}
        while True:
            kind = (await receive())["type"]
            try:
                if steps[kind] is not None:
                    await steps[kind]()
            except CommongroundError as error:
                await send({"type": f"{kind}.failed", "message": f"{error.code}: {error}"})
                return
            except Exception as error:  # noqa: BLE001 - process edge: the server reports it and ends
                logger().exception("server could not start or stop", step=kind)
                await send({"type": f"{kind}.failed", "message": str(error)})
                return
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return


class _Exchange:
    """One answer on its way out: how far it is, and the request id it carries."""

    def __init__(self, send: Send, identity: str) -> None:
        self.began = time.perf_counter()
        self.status = 499  # the client left before an answer
        self.started = self.ended = False
        self._send, self._identity = send, identity

    async def send(self, message: Message) -> None:
        """Pass a message on to the server."""
        if message["type"] == "http.response.start":
            self.status, self.started = message["status"], True
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", self._identity.encode("latin-1"))]
        await self._send(message)
        self.ended = self.started and message["type"] != "http.response.start" and not message.get("more_body")

    def log(self, request: Request, error: Exception) -> None:
        """Record what is the server's fault."""
        where = {"path": request.scope["path"], "request": self._identity}
        if not isinstance(error, CommongroundError):
            logger().error("unexpected error", exc_info=error, **where)
        elif (error.status >= 500 and error.status != HTTPStatus.NOT_IMPLEMENTED) or self.started:
            logger().error("request failed", code=error.code, error=str(error), **where)


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id") or request.headers.get("x-amzn-trace-id") or ""
    return given[:200] if given.isascii() and given.isprintable() and given else secrets.token_hex(16)
