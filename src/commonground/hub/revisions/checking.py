"""Checks that what a repository shows is whole: fsck."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from commonground.errors import CorruptBlob
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import object_queries, path_queries, ref_queries
from commonground.hub.revisions.closure import leads_to
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import EMPTY_TREE, GitObject, object_id
from commonground.hub.revisions.path_index import full_index
from commonground.hub.revisions.refnames import HEADS

BLOCK = 100
PROBLEMS_LIMIT = 1_000


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. ``kind``: a ``ref`` leads nowhere, an object is ``missing`` or ``damaged``, ``content``
    is not in the store, the ``index`` is wrong about a path. ``subject``: the name of the ref, the id or the path.
    """

    kind: str
    subject: str


class Checking:
    """Reads everything that refs lead to."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def fsck(self, repository: Repository) -> list[Problem]:
        """What is wrong with a repository, up to 1,000 problems. Bodies of large files are for the store to check."""
        return await self._context.database.read(self._fsck, repository)

    def _fsck(self, connection: Connection, repository: Repository) -> list[Problem]:
        view = self._context.view(connection, repository.id)
        problems: list[Problem] = []
        for problem in self._problems(view, repository):
            problems.append(problem)
            if len(problems) == PROBLEMS_LIMIT:
                break
        return problems

    def _problems(self, view: ObjectView, repository: Repository) -> Iterator[Problem]:
        refs = ref_queries.all_refs(view.connection, repository.id)
        broken = False
        for problem in self._object_problems(view, {bytes.fromhex(ref.sha) for ref in refs}):
            broken = True
            yield problem
        if broken:
            return
        for ref in refs:
            if view.peel(bytes.fromhex(ref.sha)) != bytes.fromhex(ref.target):
                yield Problem(kind="ref", subject=ref.name)
        yield from _index_problems(view, HEADS + repository.default_branch)

    def _object_problems(self, view: ObjectView, starts: set[bytes]) -> Iterator[Problem]:
        seen = set(starts)
        waiting = list(starts)
        while waiting:
            block = [waiting.pop() for _ in range(min(BLOCK, len(waiting)))]
            found, problems = _load(view, block)
            yield from problems
            for item in found:
                if item.body is not None and object_id(item.kind, item.body) != item.sha:
                    yield Problem(kind="damaged", subject=item.sha.hex())
                    continue
                folders, files = leads_to(item)
                fresh = {*folders, *files} - seen
                seen |= fresh
                waiting.extend(fresh)
            yield from self._content_problems(view, found)

    def _content_problems(self, view: ObjectView, found: list[GitObject]) -> Iterator[Problem]:
        pointers = [item.pointer[0] for item in found if item.pointer]
        linked = self._context.store.linked(view.connection, view.repository_id, pointers) if pointers else {}
        for sha256 in pointers:
            if sha256 not in linked:
                yield Problem(kind="content", subject=sha256.hex())
        for item in found:
            if item.file_hash and not object_queries.is_linked(view.connection, view.repository_id, item.file_hash):
                yield Problem(kind="content", subject=item.file_hash.hex())


def _load(view: ObjectView, shas: list[bytes]) -> tuple[list[GitObject], list[Problem]]:
    """Objects as the database has them now: what the cache remembers proves nothing."""
    found: list[GitObject] = []
    problems: list[Problem] = []
    for sha in shas:
        try:
            item = object_queries.get_object(view.connection, view.repository_id, sha)
        except CorruptBlob:
            problems.append(Problem(kind="damaged", subject=sha.hex()))
            continue
        if item is not None:
            found.append(item)
        elif sha != EMPTY_TREE:
            problems.append(Problem(kind="missing", subject=sha.hex()))
    return found, problems


def _index_problems(view: ObjectView, ref: str) -> Iterator[Problem]:
    indexed = path_queries.indexed_commit(view.connection, view.repository_id, ref)
    head = ref_queries.find_ref(view.connection, view.repository_id, (ref, ref))
    if head is None or indexed is None or indexed.hex() != head.target:
        return
    expected = {path.path: path for path in full_index(view, indexed)}
    after = ""
    while rows := path_queries.paths_after(view.connection, view.repository_id, ref, after, 1000):
        after = rows[-1].path
        for row in rows:
            if expected.pop(row.path, None) != row:
                yield Problem(kind="index", subject=row.path)
    yield from (Problem(kind="index", subject=path) for path in expected)
