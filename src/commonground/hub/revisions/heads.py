"""What follows from a new head of the default branch: the path index, and what observers derive."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.differences import compare_trees
from commonground.hub.revisions.objects import GitObject
from commonground.hub.revisions.path_index import IndexDelta, plan_delta
from commonground.hub.revisions.publishing import Linked, Move
from commonground.hub.revisions.refnames import HEADS

CHANGED_LIMIT = 100_000

Derive = Callable[[Connection], None]


class Consequences(NamedTuple):
    """What the publishing transaction writes beside the refs."""

    delta: IndexDelta | None = None
    derived: Sequence[Derive] = ()


async def observe(
    context: Context, repository: Repository, ref: str, commit: str, changed: Sequence[str]
) -> list[Derive]:
    """What the head observers want written with a new head; nothing for other branches."""
    if ref != HEADS + repository.default_branch:
        return []
    return [await observer.prepare(repository, commit, changed) for observer in context.observers]


async def consequences(
    context: Context,
    repository: Repository,
    moves: Sequence[Move],
    objects: Sequence[GitObject] = (),
    links: Sequence[Linked] = (),
) -> Consequences:
    """What follows from moving refs. The new commits are in the database, or among ``objects``; ``links`` holds the
    LFS content they bring.
    """
    head = next((move for move in moves if move.name == HEADS + repository.default_branch), None)
    if head is None or head.target is None:
        return Consequences()
    if not objects:
        objects = await context.database.read(_commit_object, context, repository, head.target)
    files = {linked.file.sha256: linked.file for linked in links if linked.file.sha256}
    with context.pending.hold(repository.id, objects, files):
        delta, changed = await context.database.read(_plan, context, repository, head.old, head.target)
        derived = await observe(context, repository, head.name, head.target.hex(), changed)
        return Consequences(delta, derived)


def _commit_object(connection: Connection, context: Context, repository: Repository, sha: bytes) -> list[GitObject]:
    """The commit alone, so that observers may name it before a ref does."""
    found = context.view(connection, repository.id).get(sha)
    return [found] if found else []


def _plan(
    connection: Connection, context: Context, repository: Repository, old: bytes | None, new: bytes
) -> tuple[IndexDelta | None, list[str]]:
    view = context.view(connection, repository.id)
    before = view.commit(old).tree if old else None
    differences = compare_trees(view, before, view.commit(new).tree)
    changed = [found.path for found in islice(differences, CHANGED_LIMIT) if found.is_file]
    return plan_delta(view, old, new), changed
