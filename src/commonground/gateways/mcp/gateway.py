"""The one route of the Model Context Protocol: every message is a POST of its own, and no session is kept."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import BadRequest, CrossSiteRequest, MethodNotAllowed
from commonground.gateways.mcp import methods
from commonground.gateways.mcp.errors import render_error
from commonground.gateways.mcp.revisions import is_stateless
from commonground.gateways.mcp.snippets import snippets
from commonground.gateways.mcp.tools.model import Caller
from commonground.gateways.mcp.wire import BODY_LIMIT, STATUS, Message, RpcError, decode, failure, result
from commonground.http.bodies import read_body
from commonground.http.gateway import Snippet, Use
from commonground.http.guards import is_own_origin
from commonground.http.identity import principal, public_origin
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.services import Services


class McpGateway:
    """Streamable HTTP as of revisions 2025-06-18 to 2026-07-28, answered with JSON."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """The endpoint. ``GET`` would listen to a server that never speaks first, ``DELETE`` end a session."""
        table = [
            ("POST", self.receive, "A message of the Model Context Protocol", False),
            ("GET", self.refuse, "Not offered: this server sends nothing by itself", True),
            ("DELETE", self.refuse, "Not offered: there are no sessions", True),
        ]
        return [
            Route(
                method=method,
                template="/mcp",
                handler=handler,
                summary=summary,
                tag="mcp",
                render_error=render_error,
                hidden=hidden,
            )
            for method, handler, summary, hidden in table
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """The configuration of an assistant."""
        return snippets(use)

    async def refuse(self, request: Request) -> Response:
        """405, which tells clients that there is neither."""
        raise MethodNotAllowed(method=request.method, allowed="POST")

    async def receive(self, request: Request) -> Response:
        """Answer one message: a result or an error for a request, 202 for a notification."""
        if not is_own_origin(request, self._services.settings):
            raise CrossSiteRequest
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise BadRequest(reason="the Content-Type of a message is application/json")
        who = await principal(request, self._services.accounts)
        caller = Caller(self._services, who, public_origin(request, self._services.settings))
        try:
            message = decode(await read_body(request, BODY_LIMIT))
        except RpcError as error:
            return json_response(failure(None, error), STATUS[error.code])
        return await _answer(request, caller, message)


async def _answer(request: Request, caller: Caller, message: Message) -> Response:
    identity = message.id if isinstance(message.id, (int, str)) else None
    stateless = True
    try:
        stateless = is_stateless(message, request.headers)
        if identity is None:
            return Response(status_code=202)
        found = await methods.answer(caller, message, stateless=stateless)
    except RpcError as error:
        return json_response(failure(identity, error), STATUS.get(error.code, 200) if stateless else 200)
    return json_response(result(identity, found))
