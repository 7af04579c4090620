"""Branches and tags."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.gateways.modelscope import wire
from commonground.gateways.modelscope.context import MASTER, REPOSITORY, Context, endpoint
from commonground.gateways.modelscope.envelope import answer
from commonground.http.bodies import read_json
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Ref

REFS_LIMIT = 1000
BRANCHES, TAGS = "refs/heads/", "refs/tags/"


class RevisionRoutes:
    """Named revisions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        tag = f"{REPOSITORY}/repo/tag"
        return [
            endpoint("GET", f"{REPOSITORY}/revisions", self.show, "List branches and tags"),
            endpoint("POST", tag, self.create_tag, "Tag a revision", body=wire.CreateTag),
        ]

    async def show(self, request: Request) -> Response:
        """Branches and tags with the time of their commits in UTC seconds. ``master`` is always among the branches."""
        _, repository = await self._context.files(request)
        refs = await self._context.revisions.refs(repository)
        branches = await self._details(repository, [ref for ref in refs if ref.name.startswith(BRANCHES)])
        tags = await self._details(repository, [ref for ref in refs if ref.name.startswith(TAGS)])
        if all(branch["Revision"] != MASTER for branch in branches):
            default = [branch for branch in branches if branch["Revision"] == repository.default_branch]
            branches += [{**branch, "Revision": MASTER} for branch in default]
        return answer(request, {"RevisionMap": {"Branches": branches, "Tags": tags}})

    async def _details(self, repository: Repository, refs: list[Ref]) -> list[dict[str, Any]]:
        found = []
        for ref in refs[:REFS_LIMIT]:
            commit = await self._context.revisions.commit_info(repository, ref.target)
            found.append({"Revision": ref.short, "CreatedAt": commit.date // 1000, "CommitId": ref.target})
        return found

    async def create_tag(self, request: Request) -> Response:
        """Tag a revision, by default the head of the default branch."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        body = await read_json(request, wire.CreateTag)
        revision = await self._context.revision(repository, body.ref)
        commit = await self._context.revisions.resolve(repository, revision)
        name = wire.required(body.tag_name, "TagName")
        made = await self._context.revisions.create_tag(repository, caller, name, commit)
        return answer(request, {"TagName": made.short, "CommitId": made.target})
