"""Commits of several operations."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import PayloadTooLarge
from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.revisions.model import AddFile, CommitRequest

BODY_LIMIT = 64 * 2**20
"""Longest JSON body of a commit, in bytes: it is decoded in memory. Larger content is uploaded file by file."""


class CommitRoutes:
    """The write path for several files at once."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", f"{REPOSITORY}/commits", self.create_commit, "Make a commit",
                     body=wire.CreateCommit, result=wire.Commit, status=201, errors=errors.COMMIT),
        ]  # fmt: skip

    async def create_commit(self, request: Request) -> Response:
        """Apply the operations in order, all or none."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        settings = self._context.services.settings
        body = await read_json(request, wire.CreateCommit, min(BODY_LIMIT, settings.commit_body_limit))
        operations = [encoding.operation(operation) for operation in body.operations]
        for operation in operations:
            if isinstance(operation, AddFile) and len(operation.content) > settings.regular_file_limit:
                raise PayloadTooLarge(limit=settings.regular_file_limit)
        wanted = CommitRequest(
            title=body.title, description=body.description, parent=body.parent, operations=operations
        )
        branch = body.branch or repository.default_branch
        made = await self._context.services.revisions.commit(repository, caller, branch, wanted)
        return json_response(encoding.commit(made), 201)
