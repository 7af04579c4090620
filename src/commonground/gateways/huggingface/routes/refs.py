"""Branches, tags and history."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.gateways.huggingface import wire
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint, flag, limit_of
from commonground.gateways.huggingface.entries import commit_item, ref_item
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Route

HISTORY_PAGE = 50


class RefRoutes:
    """Named revisions and what led to them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        branch, tag = f"{REPOSITORY}/branch/{{revision}}", f"{REPOSITORY}/tag/{{revision}}"
        squash = f"{REPOSITORY}/super-squash/{{revision}}"
        return [
            endpoint("GET", f"{REPOSITORY}/refs", self.refs, "List branches and tags", query=("include_prs",)),
            endpoint("GET", f"{REPOSITORY}/commits/{{revision}}", self.commits, "List the history", query=("limit",)),
            endpoint("POST", branch, self.create_branch, "Create a branch", body=wire.CreateBranch),
            endpoint("DELETE", branch, self.delete_branch, "Delete a branch"),
            endpoint("POST", tag, self.create_tag, "Tag a revision", body=wire.CreateTag),
            endpoint("DELETE", tag, self.delete_tag, "Delete a tag"),
            endpoint("POST", squash, self.squash, "Squash the history of a branch into one commit", body=wire.Squash),
        ]

    async def refs(self, request: Request) -> Response:
        """Branches, tags, conversions, and on request the heads of pull requests."""
        repository = await self._context.repository(request)
        refs = await self._context.revisions.refs(repository)
        answer = {
            "branches": [ref_item(ref) for ref in refs if ref.name.startswith("refs/heads/")],
            "converts": [ref_item(ref) for ref in refs if ref.name.startswith("refs/convert/")],
            "tags": [ref_item(ref) for ref in refs if ref.name.startswith("refs/tags/")],
        }
        if flag(request, "include_prs"):
            answer["pullRequests"] = [ref_item(ref) for ref in refs if ref.name.startswith("refs/pr/")]
        return json_response(answer)

    async def commits(self, request: Request) -> Response:
        """Newest first."""
        repository = await self._context.repository(request)
        query = request.query_params
        page = await self._context.revisions.history(
            repository,
            request.path_params["revision"],
            cursor=query.get("cursor"),
            limit=limit_of(request, HISTORY_PAGE),
        )
        formatted = "formatted" in {*query.getlist("expand[]"), *query.getlist("expand")}
        return self._context.page(request, [commit_item(c, formatted=formatted) for c in page.items], page.cursor)

    async def create_branch(self, request: Request) -> Response:
        """A new branch at ``startingPoint`` (default: the default branch), or without any file."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        body = await read_json(request, wire.CreateBranch)
        await self._context.revisions.create_branch(
            repository,
            caller,
            request.path_params["revision"],
            starting_point=body.starting_point,
            empty=body.empty_branch,
            overwrite=body.overwrite,
        )
        return Response(status_code=201)

    async def delete_branch(self, request: Request) -> Response:
        """Delete a branch that is not the default one."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        await self._context.revisions.delete_branch(repository, caller, request.path_params["revision"])
        return Response(status_code=204)

    async def create_tag(self, request: Request) -> Response:
        """Tag the revision in the path; annotated when there is a message."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        body = await read_json(request, wire.CreateTag)
        commit = await self._context.revisions.resolve(repository, request.path_params["revision"])
        await self._context.revisions.create_tag(repository, caller, body.tag, commit, message=body.message)
        return Response(status_code=201)

    async def delete_tag(self, request: Request) -> Response:
        """Delete a tag."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        await self._context.revisions.delete_tag(repository, caller, request.path_params["revision"])
        return Response(status_code=204)

    async def squash(self, request: Request) -> Response:
        """Replace the history of a branch by one commit with the same files."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        body = await read_json(request, wire.Squash)
        await self._context.revisions.super_squash(
            repository, caller, request.path_params["revision"], message=body.message
        )
        return json_response({})
