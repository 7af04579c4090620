"""Branches and tags."""

from collections.abc import Sequence

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.errors import InvalidRef, RefExists, RevisionNotFound, StaleParent
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import ref_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.drafts import check_message
from commonground.hub.revisions.heads import consequences
from commonground.hub.revisions.model import Commit, Ref
from commonground.hub.revisions.objects import (
    COMMIT,
    EMPTY_TREE,
    TAG,
    TREE,
    GitObject,
    decode_commit,
    encode_commit,
    encode_tag,
    make_object,
)
from commonground.hub.revisions.publishing import Move, Publication, RefMoved, publish
from commonground.hub.revisions.refnames import HEADS, TAGS, ancestors, branch_ref, is_thinkable, tag_ref, writable_ref
from commonground.hub.revisions.resolving import find_ref, resolve_commit

EMPTY_BRANCH_TITLE = "Create an empty branch"


class Refs:
    """Makes, moves and removes refs."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def refs(self, repository: Repository) -> list[Ref]:
        """Every ref, by name."""
        return await self._context.database.read(ref_queries.all_refs, repository.id)

    async def create_branch(
        self,
        repository: Repository,
        principal: Principal,
        name: str,
        *,
        starting_point: str | None = None,
        empty: bool = False,
        overwrite: bool = False,
    ) -> Ref:
        """A branch at ``starting_point`` (default: the default branch), or, if ``empty``, at a commit without files.
        :class:`RefExists` unless ``overwrite``.
        """
        ref = branch_ref(name)
        start = starting_point or repository.default_branch
        objects: list[GitObject] = []
        if empty:
            commit = self._orphan(principal, EMPTY_TREE, EMPTY_BRANCH_TITLE)
            objects = [make_object(TREE, b""), commit]
            target = commit.sha
        else:
            target = await self._context.database.read(self._resolve, repository, start)
        return await self._set(repository, principal, ref, target, target, objects, overwrite=overwrite)

    async def create_tag(
        self, repository: Repository, principal: Principal, name: str, revision: str, *, message: str | None = None
    ) -> Ref:
        """A tag of a revision, annotated if there is a message; :class:`RefExists`."""
        ref = tag_ref(name)
        target = await self._context.database.read(self._resolve, repository, revision)
        if not message:
            return await self._set(repository, principal, ref, target, target, [])
        check_message(message)
        who, email = self._context.identity(principal)
        body = encode_tag(target, ref.removeprefix(TAGS), who, email, self._context.clock() // 1000, message)
        tag = make_object(TAG, body)
        return await self._set(repository, principal, ref, tag.sha, target, [tag])

    async def delete_branch(self, repository: Repository, principal: Principal, name: str) -> None:
        """Remove a branch, which may not be the default one; :class:`RevisionNotFound`."""
        ref = name if name.startswith("refs/") else HEADS + name
        if ref == HEADS + repository.default_branch:
            raise InvalidRef(ref=name, reason=f"Cannot delete {ref}, the default branch")
        if not ref.startswith(HEADS):
            raise InvalidRef(ref=name[:200], reason="it is not a branch")
        await self._remove(repository, principal, ref, name)

    async def delete_tag(self, repository: Repository, principal: Principal, name: str) -> None:
        """Remove a tag; :class:`RevisionNotFound`."""
        await self._remove(repository, principal, TAGS + name.removeprefix(TAGS), name)

    async def super_squash(
        self, repository: Repository, principal: Principal, branch: str, *, message: str | None = None
    ) -> Commit:
        """Replace the history of a branch by one commit without parents and with the same files."""
        ref = writable_ref(branch, repository.default_branch)
        text = message or f"Super-squash branch '{branch}'"
        check_message(text)
        old, tree = await self._context.database.read(self._head, repository, ref)
        commit = self._orphan(principal, tree, text)
        move = Move(ref, old, commit.sha, commit.sha)
        await self._publish(repository, principal, Publication([move], [commit]))
        return decode_commit(commit.body or b"").shown(commit.sha)

    async def _set(
        self,
        repository: Repository,
        principal: Principal,
        ref: str,
        sha: bytes,
        target: bytes,
        objects: Sequence[GitObject],
        *,
        overwrite: bool = False,
    ) -> Ref:
        old = await self._context.database.read(self._place_for, repository, ref)
        if old is not None and not overwrite:
            raise RefExists(ref=ref)
        await self._publish(repository, principal, Publication([Move(ref, old, sha, target)], objects))
        return Ref(ref, sha.hex(), target.hex())

    async def _remove(self, repository: Repository, principal: Principal, ref: str, name: str) -> None:
        names = [ref] if is_thinkable(ref) else []
        found = await self._context.database.read(ref_queries.refs_named, repository.id, names)
        if ref not in found:
            raise RevisionNotFound(revision=name[:200].encode("utf-8", "backslashreplace").decode())
        move = Move(ref, bytes.fromhex(found[ref].sha), None, None)
        await self._publish(repository, principal, Publication([move]))

    async def _publish(self, repository: Repository, principal: Principal, publication: Publication) -> None:
        delta, derived = await consequences(self._context, repository, publication.moves, publication.objects)
        publication = publication._replace(delta=delta, derived=derived)
        try:
            await self._context.database.write(publish, self._context, repository, principal, publication)
        except RefMoved as error:
            move = publication.moves[0]
            raise (RefExists(ref=move.name) if move.old is None else StaleParent()) from error
        self._context.reachable.refs_changed(repository.id)

    def _orphan(self, principal: Principal, tree: bytes, text: str) -> GitObject:
        seconds = self._context.clock() // 1000
        return make_object(COMMIT, encode_commit(tree, (), *self._context.identity(principal), seconds, text))

    def _resolve(self, connection: Connection, repository: Repository, revision: str) -> bytes:
        view = self._context.view(connection, repository.id)
        return resolve_commit(view, self._context.reachable, repository, revision)

    def _head(self, connection: Connection, repository: Repository, ref: str) -> tuple[bytes, bytes]:
        view = self._context.view(connection, repository.id)
        found = find_ref(view, repository, ref)
        if found is None:
            raise RevisionNotFound(revision=ref.removeprefix(HEADS))
        commit = bytes.fromhex(found.target)
        return commit, view.commit(commit).tree

    def _place_for(self, connection: Connection, repository: Repository, ref: str) -> bytes | None:
        """Where the ref is now; :class:`InvalidRef` if another ref is in its way."""
        named = ref_queries.refs_named(connection, repository.id, [ref, *ancestors(ref)])
        if ref in named:
            return bytes.fromhex(named[ref].sha)
        blocking = [*named, *ref_queries.refs_below(connection, repository.id, ref)]
        if blocking:
            raise InvalidRef(ref=ref, reason=f"{blocking[0]} exists, and git keeps refs as files")
        return None
