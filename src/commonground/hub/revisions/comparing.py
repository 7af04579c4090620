"""What changed between two revisions."""

from sqlalchemy import Connection

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.differences import Difference, compare_trees
from commonground.hub.revisions.entries import describe
from commonground.hub.revisions.model import Change, Entry
from commonground.hub.revisions.resolving import resolve_commit
from commonground.hub.revisions.trees import TreeEntry

CHANGES_LIMIT = 10_000


class Comparing:
    """Compares trees."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def diff(self, repository: Repository, base: str, head: str, limit: int = CHANGES_LIMIT) -> list[Change]:
        """Files that differ between two revisions, by path, at most ``limit``."""
        return await self._context.database.read(self._diff, repository, base, head, limit)

    def _diff(self, connection: Connection, repository: Repository, base: str, head: str, limit: int) -> list[Change]:
        view = self._context.view(connection, repository.id)
        old, new = (
            view.commit(resolve_commit(view, self._context.reachable, repository, revision)).tree
            for revision in (base, head)
        )
        found: list[Difference] = []
        for difference in compare_trees(view, old, new):
            if difference.is_file:
                found.append(difference)
            if len(found) == limit:
                break
        before = self._side(connection, repository, [(item.path, item.before) for item in found])
        after = self._side(connection, repository, [(item.path, item.after) for item in found])
        changes = (
            Change(path=path, before=before.get(path), after=after.get(path)) for path in sorted({*before, *after})
        )
        return list(changes)

    def _side(
        self, connection: Connection, repository: Repository, side: list[tuple[str, TreeEntry | None]]
    ) -> dict[str, Entry]:
        files = [(path, entry) for path, entry in side if entry and not entry.is_folder]
        return {entry.path: entry for entry in describe(connection, self._context, repository.id, files)}
