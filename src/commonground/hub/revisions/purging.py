"""Large content and history: which refs have it, and how it leaves all of them for good."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.errors import StaleParent
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import contents, object_queries, ref_queries
from commonground.hub.revisions.commits import ATTEMPTS
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.heads import consequences
from commonground.hub.revisions.landing import landed
from commonground.hub.revisions.model import Ref
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import GitObject
from commonground.hub.revisions.publishing import Move, Publication, RefMoved, publish
from commonground.hub.revisions.refnames import HEADS
from commonground.hub.revisions.rewriting import Rewriter
from commonground.hub.revisions.trees import iterate_tree


class Rewritten(NamedTuple):
    """A history without some content: refs to move, and new objects."""

    moves: list[Move]
    objects: list[GitObject]


class Purging:
    """Finds LFS content in the refs of a repository and removes it from their history."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def refs_of(self, repository: Repository, sha256s: Collection[bytes]) -> dict[bytes, str]:
        """By SHA-256: the full name of a ref whose files have the content, the default branch before others; content
        that only older commits have is left out.
        """
        return await self._context.database.read(self._refs_of, repository, sha256s)

    async def purge(self, repository: Repository, principal: Principal, sha256s: Collection[bytes]) -> None:
        """Rewrite every ref as if the files with this content had never been. Commits with such files, and those after
        them, get new ids; the old ones are nobody's any more.
        """
        for _ in range(ATTEMPTS):
            rewritten = await self._context.database.read(self._rewrite, repository, sha256s)
            if not rewritten.moves:
                return
            try:
                await self._publish(repository, principal, rewritten)
            except RefMoved:
                continue
            return
        raise StaleParent

    async def unlink(self, repository: Repository, sha256s: Collection[bytes]) -> None:
        """End the repository's use of this content."""
        await self._context.database.write(self._unlink, repository.id, list(sha256s))

    def _unlink(self, connection: Connection, repository_id: int, sha256s: Sequence[bytes]) -> None:
        store = self._context.store
        found = store.linked(connection, repository_id, sha256s)
        contents.disuse(connection, store, repository_id, [file.hash for file in found.values()])

    def _refs_of(self, connection: Connection, repository: Repository, sha256s: Collection[bytes]) -> dict[bytes, str]:
        pointers = object_queries.pointers_to(connection, repository.id, sha256s)
        view = self._context.view(connection, repository.id)
        found: dict[bytes, str] = {}
        seen: set[bytes] = set()
        for ref in _default_first(repository, ref_queries.all_refs(connection, repository.id)):
            if len(found) == len(set(pointers.values())):
                break
            for blob in _blobs(view, view.commit(bytes.fromhex(ref.target)).tree, seen):
                if blob in pointers:
                    found.setdefault(pointers[blob], ref.name)
        return found

    def _rewrite(self, connection: Connection, repository: Repository, sha256s: Collection[bytes]) -> Rewritten:
        view = self._context.view(connection, repository.id)
        rewriter = Rewriter(view, object_queries.pointers_to(connection, repository.id, sha256s))
        moves: list[Move] = []
        for ref in ref_queries.all_refs(connection, repository.id):
            old = bytes.fromhex(ref.sha)
            new, target = rewriter.ref(old, bytes.fromhex(ref.target))
            if new != old:
                moves.append(Move(ref.name, old, new, target))
        return Rewritten(moves, rewriter.objects)

    async def _publish(self, repository: Repository, principal: Principal, rewritten: Rewritten) -> None:
        context, moves = self._context, rewritten.moves
        async with landed(context, repository.id, rewritten.objects):
            delta, derived = await consequences(context, repository, moves, rewritten.objects)
            publication = Publication(moves, delta=delta, derived=derived)
            await context.database.write(publish, context, repository, principal, publication)
        context.reachable.refs_changed(repository.id)


def _default_first(repository: Repository, refs: list[Ref]) -> list[Ref]:
    return sorted(refs, key=lambda ref: (ref.name != HEADS + repository.default_branch, not ref.name.startswith(HEADS)))


def _blobs(view: ObjectView, tree: bytes, seen: set[bytes]) -> Iterator[bytes]:
    """Ids of all blobs below a tree; trees that were ``seen`` are passed over."""
    waiting = [tree]
    while waiting:
        sha = waiting.pop()
        if sha in seen:
            continue
        seen.add(sha)
        for entry in iterate_tree(view.tree(sha)):
            if entry.is_folder:
                waiting.append(entry.sha)
            else:
                yield entry.sha
