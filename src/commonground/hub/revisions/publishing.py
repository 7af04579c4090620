"""The short transaction that makes new objects visible: refs move by compare-and-swap, and what follows from them."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.database import events
from commonground.database.tasks import enqueue
from commonground.errors import RepositoryNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import contents, object_queries, path_queries, ref_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.model import ZERO
from commonground.hub.revisions.objects import GitObject
from commonground.hub.revisions.path_index import IndexDelta, apply_delta
from commonground.hub.revisions.refnames import HEADS
from commonground.store.model import StoredFile

REINDEX = "hub.reindex"


class RefMoved(Exception):
    """A compare-and-swap failed: the ref is not where the caller saw it."""


class Move(NamedTuple):
    """A ref that shall go from ``old`` to ``new`` (``None``: does not exist); ``target`` is the commit behind ``new``."""

    name: str
    old: bytes | None
    new: bytes | None
    target: bytes | None


class Linked(NamedTuple):
    """Content a commit makes part of the repository, and the path it is for."""

    file: StoredFile
    path: str


class Publication(NamedTuple):
    """All that one transaction does."""

    moves: Sequence[Move]
    objects: Sequence[GitObject] = ()
    links: Sequence[Linked] = ()
    delta: IndexDelta | None = None
    derived: Sequence[Callable[[Connection], None]] = ()


def publish(
    connection: Connection, context: Context, repository: Repository, principal: Principal, publication: Publication
) -> None:
    """Write everything or, raising :class:`RefMoved`, nothing."""
    now = context.clock()
    if not ref_queries.touch(connection, repository.id, now):  # first: gc and other pushes wait for this row
        raise RepositoryNotFound
    object_queries.add_objects(connection, repository.id, publication.objects, now)
    if publication.links:
        contents.use(connection, context.store, repository.id, principal.account_id, _once(publication.links))
    for move in publication.moves:
        _move(connection, repository.id, move, now)
        if move.name == HEADS + repository.default_branch:
            _follow_head(connection, repository, move, publication, now)
    for move in publication.moves:
        _announce(connection, repository, principal, move)


def _follow_head(
    connection: Connection, repository: Repository, move: Move, publication: Publication, now: int
) -> None:
    ref_queries.set_head(connection, repository.id, move.target, now)
    if move.target is None:
        path_queries.forget_index(connection, repository.id, move.name)
    elif not apply_delta(connection, repository.id, move.name, publication.delta):
        enqueue(connection, REINDEX, {"repository": repository.id}, key=f"{REINDEX}:{repository.id}")
    for derive in publication.derived:
        derive(connection)


def _move(connection: Connection, repository_id: int, move: Move, now: int) -> None:
    name, old, new, target = move
    if new is None or target is None:
        done = old is not None and ref_queries.remove_ref(connection, repository_id, name, old)
    elif old is None:
        done = ref_queries.add_ref(connection, repository_id, name, new, target, now)
    else:
        done = ref_queries.move_ref(connection, repository_id, name, old, new, target, now)
    if not done:
        raise RefMoved(name)


def _announce(connection: Connection, repository: Repository, principal: Principal, move: Move) -> None:
    payload = {
        "repository_id": repository.id,
        "visibility": repository.visibility,
        "ref": move.name,
        "old": move.old.hex() if move.old else ZERO,
        "new": move.new.hex() if move.new else ZERO,
    }
    subject = f"{repository.kind}:{repository.full_name}"
    events.append(connection, "ref.updated", subject, principal.account_id, payload)


def _once(links: Sequence[Linked]) -> Iterable[Linked]:
    return {linked.file.hash: linked for linked in links}.values()
