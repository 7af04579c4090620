"""Several refs moved at once, as a git push asks for it."""

from collections.abc import Sequence

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.errors import InvalidRef, PushRejected
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import ref_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.heads import consequences
from commonground.hub.revisions.model import ZERO, RefUpdate
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.publishing import Linked, Move, Publication, RefMoved, publish
from commonground.hub.revisions.refnames import FULL_ID, HEADS, TAGS, ancestors, check_ref
from commonground.store.model import StoredFile

Links = Sequence[tuple[StoredFile, str]]


class Pushes:
    """Moves refs to objects that are in the database already."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def update_refs(
        self, repository: Repository, principal: Principal, updates: Sequence[RefUpdate], links: Links = ()
    ) -> None:
        """Move all refs and link the LFS content that becomes part of the repository, or raise
        :class:`InvalidRef` or :class:`PushRejected` and do nothing. That everything the new ids lead to is there was
        checked before.
        """
        moves = await self._context.database.read(self._moves, repository, updates)
        linked = [Linked(file, path) for file, path in links]
        delta, derived = await consequences(self._context, repository, moves, links=linked)
        publication = Publication(moves, (), linked, delta, derived)
        try:
            await self._context.database.write(publish, self._context, repository, principal, publication)
        except RefMoved as error:
            raise PushRejected(reason=f"{error} moved meanwhile; fetch and try again") from error
        self._context.reachable.refs_changed(repository.id)

    def _moves(self, connection: Connection, repository: Repository, updates: Sequence[RefUpdate]) -> list[Move]:
        if len({update.name for update in updates}) != len(updates):
            raise PushRejected(reason="one ref is named twice")
        view = self._context.view(connection, repository.id)
        moves = [_move(view, repository, update) for update in updates]
        _check_places(connection, repository.id, moves)
        return moves


def _move(view: ObjectView, repository: Repository, update: RefUpdate) -> Move:
    old, new = _id(update.old), _id(update.new)
    if new is None:
        if update.name == HEADS + repository.default_branch:
            raise InvalidRef(ref=update.name, reason=f"Cannot delete {update.name}, the default branch")
        return Move(update.name, old, None, None)
    check_ref(update.name)
    target = view.peel(new)
    if target is None or (target != new and not update.name.startswith(TAGS)):
        raise PushRejected(reason=f"{update.name} must name a commit")
    return Move(update.name, old, new, target)


def _check_places(connection: Connection, repository_id: int, moves: Sequence[Move]) -> None:
    """Git keeps refs as files: ``a`` and ``a/b`` cannot both exist."""
    gone = {move.name for move in moves if move.new is None}
    created = [move.name for move in moves if move.old is None and move.new is not None]
    for name in created:
        existing = ref_queries.refs_named(connection, repository_id, ancestors(name))
        blocking = {*existing, *ref_queries.refs_below(connection, repository_id, name)} - gone
        blocking |= {other for other in created if other in ancestors(name)}
        if blocking:
            raise InvalidRef(ref=name, reason=f"{min(blocking)} exists, and git keeps refs as files")


def _id(text: str) -> bytes | None:
    if not FULL_ID.fullmatch(text):
        raise PushRejected(reason="an object id is malformed")
    return None if text == ZERO else bytes.fromhex(text)
