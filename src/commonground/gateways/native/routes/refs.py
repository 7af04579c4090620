"""Branches and tags."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Route


class RefRoutes:
    """Named revisions. A slash in a name is written ``%2F``."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._revisions = context.services.revisions

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        branch, tag = f"{REPOSITORY}/branches/{{branch}}", f"{REPOSITORY}/tags/{{tag}}"
        gone, made = {"status": 204, "errors": errors.REFS}, {"status": 201, "errors": errors.REFS}
        return [
            endpoint("GET", f"{REPOSITORY}/refs", self.list_refs, "List branches and tags",
                     result=wire.Refs, errors=errors.READ),
            endpoint("POST", branch, self.create_branch, "Create a branch", body=wire.CreateBranch, **made),
            endpoint("DELETE", branch, self.delete_branch, "Delete a branch", **gone),
            endpoint("POST", tag, self.create_tag, "Create a tag", body=wire.CreateTag, **made),
            endpoint("DELETE", tag, self.delete_tag, "Delete a tag", **gone),
        ]  # fmt: skip

    async def list_refs(self, request: Request) -> Response:
        """All named revisions of the repository."""
        _, repository = await self._context.opened(request)
        return json_response(encoding.refs(await self._revisions.refs(repository)))

    async def create_branch(self, request: Request) -> Response:
        """A new branch at a revision, or one without any file."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        body = await read_json(request, wire.CreateBranch)
        await self._revisions.create_branch(
            repository,
            caller,
            request.path_params["branch"],
            starting_point=body.revision,
            empty=body.empty,
            overwrite=body.overwrite,
        )
        return Response(status_code=201)

    async def delete_branch(self, request: Request) -> Response:
        """Delete a branch that is not the default one."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        await self._revisions.delete_branch(repository, caller, request.path_params["branch"])
        return Response(status_code=204)

    async def create_tag(self, request: Request) -> Response:
        """Mark a revision; annotated when there is a message."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        body = await read_json(request, wire.CreateTag)
        revision = body.revision or repository.default_branch
        await self._revisions.create_tag(repository, caller, request.path_params["tag"], revision, message=body.message)
        return Response(status_code=201)

    async def delete_tag(self, request: Request) -> Response:
        """Delete a tag."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        await self._revisions.delete_tag(repository, caller, request.path_params["tag"])
        return Response(status_code=204)
