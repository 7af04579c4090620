"""What is known about one repository."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import Forbidden, Unauthenticated
from commonground.gateways.huggingface import information
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint, flag
from commonground.gateways.huggingface.information import Facts
from commonground.gateways.huggingface.siblings import Siblings
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository

_QUERY = ("expand", "blobs", "securityStatus")


class InformationRoutes:
    """``model_info`` and its relatives."""

    def __init__(self, context: Context, siblings: Siblings) -> None:
        self._context = context
        self._siblings = siblings

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        revision = f"{REPOSITORY}/revision/{{revision}}"
        return [
            endpoint("GET", REPOSITORY, self.info, "A repository", query=_QUERY),
            endpoint("GET", revision, self.info, "A repository at a revision", query=_QUERY),
        ]

    async def info(self, request: Request) -> Response:
        """The whole description, or the properties ``expand`` names."""
        repository = await self._context.repository(request, Action.READ_METADATA)
        query = request.query_params
        asked = [*query.getlist("expand"), *query.getlist("expand[]")]
        names = information.expanded(repository.kind, asked) if asked else information.WHOLE[repository.kind]
        facts = await self._facts(repository, request, names)
        return json_response(information.describe(facts, names))

    async def _facts(self, repository: Repository, request: Request, names: tuple[str, ...]) -> Facts:
        revision = request.path_params.get("revision")
        sha, modified_at = repository.head, repository.updated_at
        if revision is not None:
            sha = await self._context.revisions.resolve(repository, revision)
            if sha != repository.head:
                modified_at = (await self._context.revisions.commit_info(repository, sha)).date
        siblings = None
        if "siblings" in names and sha is not None and await self._shows_files(request, repository):
            listing = self._siblings.with_sizes if flag(request, "blobs") else self._siblings.names
            siblings = await listing(repository, sha)
        return Facts(repository=repository, sha=sha, modified_at=modified_at, siblings=siblings)

    async def _shows_files(self, request: Request, repository: Repository) -> bool:
        """A protected repository shows its card to everybody and its files to its readers."""
        if repository.visibility != "protected":
            return True
        try:
            await self._context.repository(request, Action.READ)
        except (Forbidden, Unauthenticated):
            return False
        return True
