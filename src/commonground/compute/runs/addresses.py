"""``hub://[models|datasets]/owner/name[@revision][/path]`` of a specification, as the row of an edge."""

import re

from commonground.accounts.model import KINDS_BY_SEGMENT, Principal
from commonground.accounts.permissions import Action
from commonground.compute.runs.model import Link
from commonground.errors import InvalidSpec, RepositoryNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.service import Revisions

_ADDRESS = re.compile(
    r"(?:hub://)?(?:(?P<segment>models|datasets|spaces|kernels)/)?(?P<owner>[\w-]{1,64})/(?P<name>[\w.-]{1,96})"
    r"(?:@(?P<revision>[^/]{1,255}))?(?:/(?P<path>.+))?\Z",
    re.ASCII,
)


class Addresses:
    """Finds what a specification names, as far as the caller may use it."""

    def __init__(self, repositories: Repositories, revisions: Revisions) -> None:
        self._repositories, self._revisions = repositories, revisions

    async def pin(self, principal: Principal, name: str, address: str) -> tuple[Link, str]:
        """An input at the commit its revision is now, and its address with that commit. Raises what
        :meth:`Repositories.open` and :meth:`Revisions.resolve` raise, and :class:`InvalidSpec`.
        """
        found = _parse(name, address)
        repository = await self._open(principal, found, Action.READ, address)
        await self._repositories.check_files(principal, repository)
        revision = (found["revision"] or repository.default_branch).replace("%2F", "/")
        commit = await self._revisions.resolve(repository, revision)
        path = (found["path"] or "").strip("/")
        if path:
            await self._revisions.entry(repository, commit, path)
        pinned = f"hub://{found['segment'] or 'models'}/{repository.full_name}@{commit}{'/' + path if path else ''}"
        return Link(name=name, repository_id=repository.id, commit=commit, path=path), pinned

    async def target(self, principal: Principal, name: str, address: str) -> Link:
        """An output: a branch cannot be chosen, it goes to the default one, below the path. Raises as :meth:`pin`."""
        found = _parse(name, address)
        if found["revision"]:
            raise InvalidSpec(reason=f"outputs.{name} names a revision; an output becomes a new one")
        path = (found["path"] or "").strip("/")
        if any(part in {"", ".", "..", ".git"} for part in path.split("/")) and path:
            raise InvalidSpec(reason=f"outputs.{name} leads to no path of a repository")
        repository = await self._open(principal, found, Action.WRITE, address)
        return Link(name=name, repository_id=repository.id, path=path)

    async def _open(self, principal: Principal, found: "re.Match[str]", action: Action, address: str) -> Repository:
        kind = KINDS_BY_SEGMENT[found["segment"] or "models"]
        try:
            return await self._repositories.open(principal, kind, found["owner"], found["name"], action)
        except RepositoryNotFound:
            raise RepositoryNotFound(text=f"There is no repository {address[:300]}, or you may not see it.") from None


def _parse(name: str, address: str) -> "re.Match[str]":
    found = _ADDRESS.match(address)
    if found is None:
        raise InvalidSpec(reason=f"{name}: {address[:200]} is no address like hub://datasets/owner/name@revision")
    return found
