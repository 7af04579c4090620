"""What the server is and what it works on."""

from starlette.requests import Request
from starlette.responses import Response

import commonground
from commonground.database import task_queries
from commonground.errors import Forbidden
from commonground.gateways.native import errors, wire
from commonground.gateways.native.context import Context, endpoint, page
from commonground.http.identity import signed_in
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import KINDS


class OperationRoutes:
    """For those who run the server, and for clients that ask what it can take."""

    def __init__(self, context: Context) -> None:
        self._services = context.services

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", f"{wire.API}/server", self.get_server, "Version, roles and limits",
                     result=wire.Server, errors=errors.SIGNED_IN),
            endpoint("GET", f"{wire.API}/tasks", self.list_tasks, "List background tasks",
                     query=wire.TaskQuery, result=wire.Page[wire.Task], errors=errors.SIGNED_IN),
        ]  # fmt: skip

    async def get_server(self, _request: Request) -> Response:
        """The server's version, and what one request may carry."""
        settings = self._services.settings
        limits = wire.Limits(
            regular_file=settings.regular_file_limit, commit_body=settings.commit_body_limit, push=settings.push_limit
        )
        return json_response(
            wire.Server(
                version=commonground.__version__,
                role=settings.role,
                registration=settings.registration,
                kinds=KINDS,
                limits=limits,
            )
        )

    async def list_tasks(self, request: Request) -> Response:
        """A page of the task queue, newest first; for administrators."""
        caller = await signed_in(request, self._services.accounts)
        if not caller.is_admin or caller.token_role == "fine-grained":
            raise Forbidden(action="see", resource="the task queue")
        asked = read_query(request, wire.TaskQuery)
        found = await self._services.database.read(task_queries.newest, asked.state, asked.cursor, asked.limit + 1)
        items, more = found[: asked.limit], len(found) > asked.limit
        return page(request, [_task(item) for item in items], str(items[-1].id) if more else None)


def _task(found: task_queries.Task) -> wire.Task:
    return wire.Task(**{name: getattr(found, name) for name in wire.Task.__struct_fields__})
