"""Repositories: the one door to them, and their life from creation to deletion."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal, RepositoryKind, Visibility
from commonground.accounts.permissions import Action, authorize, may, may_create, role_on
from commonground.database import Database, events
from commonground.database.clock import now_ms
from commonground.errors import (
    AccountNotFound,
    BadRequest,
    Forbidden,
    GatedRepository,
    RepositoryExists,
    RepositoryMoved,
    RepositoryNotFound,
    Unauthenticated,
)
from commonground.hub.cards import queries as cards
from commonground.hub.cards.derive import derive
from commonground.hub.cards.model import Facts
from commonground.hub.repositories import queries
from commonground.hub.repositories.downloads import Downloads
from commonground.hub.repositories.model import KINDS, InitialCommit, Repository
from commonground.hub.repositories.naming import check_name, key
from commonground.hub.repositories.templates import initial_files
from commonground.hub.revisions.model import Page
from commonground.hub.search.model import Facets, SearchQuery
from commonground.hub.search.service import Search

SDKS = frozenset({"docker", "gradio", "static", "streamlit"})
OPTIONS_LIMIT = 65_536
Gated = Literal["", "auto", "manual"]

ALL_PAGE = 200


class Repositories:
    """Finds, creates and changes repositories. Implements ``store.ReadGuard``.

    Methods that change something ask for the permission themselves, on the row as it is in the same transaction.
    """

    def __init__(self, database: Database, initial_commit: InitialCommit, clock: Callable[[], int] = now_ms) -> None:
        self._database = database
        self._search = Search(database)
        self._initial_commit = initial_commit
        self._clock = clock
        self.downloads = Downloads(database, clock)

    # --- find -------------------------------------------------------------------------------------------------------

    async def all(self) -> AsyncIterator[Repository]:
        """Every repository, for the upkeep of the server: nobody's permission is asked."""
        last_id = 0
        while page := await self._database.read(queries.after, last_id, ALL_PAGE):
            for repository in page:
                yield repository
            last_id = page[-1].id

    async def open(
        self, principal: Principal, kind: RepositoryKind, owner: str, name: str, action: Action = Action.READ
    ) -> Repository:
        """The repository, if the caller may do ``action`` to it.

        Raises :class:`RepositoryNotFound` for what is absent or hidden from the caller, :class:`RepositoryMoved` for
        an old id, :class:`Unauthenticated`, :class:`Forbidden` or :class:`RepositoryDisabled` for what is visible.
        """
        keys = (kind, key(owner), key(name), principal.account_id)
        found = await self._database.lookup(queries.by_name, *keys)
        if found is None:
            moved = await self._database.lookup(queries.by_redirect, *keys)
            if moved is None or not may(principal, Action.READ_METADATA, moved.repository, moved.granted):
                raise RepositoryNotFound
            raise RepositoryMoved(repository=moved.repository.full_name)
        authorize(principal, action, found.repository, found.granted)
        return found.repository

    async def by_id(self, repository_id: int) -> Repository:
        """The repository with this row id, for callers inside the server: no permission is asked."""
        found = await self._database.lookup(queries.by_id, repository_id)
        if found is None:
            raise RepositoryNotFound
        return found.repository

    async def list(self, principal: Principal, query: SearchQuery) -> Page[Repository]:
        """A page of the repositories the caller may know of. Raises :class:`BadRequest` for a bad limit or cursor."""
        return await self._search.list(principal, query)

    async def facets(self, principal: Principal, query: SearchQuery) -> Facets:
        """How many results of a query have each task, library, licence, language..."""
        return await self._search.facets(principal, query)

    def readable(self, connection: Connection, account_id: int | None, repository_ids: Sequence[int]) -> set[int]:
        """The subset of ``repository_ids`` whose files the account may read."""
        return queries.readable(connection, account_id, repository_ids)

    async def known(self, principal: Principal, repository_ids: Sequence[int]) -> set[int]:
        """The subset of ``repository_ids`` the caller may know of, each looked up by its id."""
        return await self._database.read(_known, principal, repository_ids)

    async def check_files(self, principal: Principal, repository: Repository) -> None:
        """Return if the caller may read files; :class:`GatedRepository` where access has to be asked for first."""
        if not repository.gated or principal.is_admin:
            return
        found = await self._database.lookup(queries.by_id, repository.id, principal.account_id)
        if found is None or role_on(principal, repository.owner_id, found.granted) is None:
            raise GatedRepository(repository=repository.full_name)

    # --- create and delete ------------------------------------------------------------------------------------------

    async def create(
        self,
        principal: Principal,
        kind: RepositoryKind,
        owner: str,
        name: str,
        *,
        visibility: Visibility | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Repository:
        """A new repository with its first commit. Without ``visibility`` the owner's default holds.

        Raises :class:`InvalidName`, :class:`AccountNotFound`, :class:`Forbidden` or :class:`RepositoryExists`.
        """
        options = _check_options(kind, options or {})
        check_name(name)
        return await self._database.write(self._create, principal, kind, owner, name, visibility, options)

    def _create(
        self,
        connection: Connection,
        principal: Principal,
        kind: RepositoryKind,
        owner: str,
        name: str,
        visibility: Visibility | None,
        options: Mapping[str, Any],
    ) -> Repository:
        values = {"visibility": visibility, "options": _json(options)}
        identity = self._insert(connection, principal, kind, owner, name, values)
        author = principal.name or "Commonground"
        files, email = initial_files(kind, name, options), f"{author}@users.noreply.commonground"
        self._initial_commit(connection, identity, author, email, files, self._clock())
        readme = files.get("README.md", b"").decode()
        cards.write(connection, self._search.index, identity, derive(kind, readme, Facts(paths=tuple(files))))
        return self._announce(connection, "created", identity, principal)

    def _insert(
        self,
        connection: Connection,
        principal: Principal,
        kind: RepositoryKind,
        owner_name: str,
        name: str,
        values: Mapping[str, Any],
    ) -> int:
        owner = _owner_for(connection, principal, owner_name)
        now = self._clock()
        row = {
            **values,
            "kind": kind,
            "owner_id": owner.id,
            "name": name,
            "name_key": key(name),
            "visibility": values.get("visibility") or owner.default_visibility,
            "created_at": now,
            "updated_at": now,
        }
        identity = queries.add(connection, row)
        if identity is None:
            raise _taken(connection, kind, owner.name, name)
        queries.remove_redirect(connection, kind, key(owner.name), key(name))
        if principal.account_id is not None and role_on(principal, owner.id) == "contributor":
            queries.grant(connection, identity, principal.account_id, "admin", now)
        return identity

    async def delete(self, principal: Principal, repository: Repository) -> None:
        """Remove the repository, its history and its old ids. Content nobody else uses is reaped by gc."""
        await self._database.write(self._delete, principal, repository)

    def _delete(self, connection: Connection, principal: Principal, repository: Repository) -> None:
        current = _authorized(connection, principal, Action.DELETE, repository.id)
        queries.remove(connection, current.id)
        self._event(connection, "deleted", current, principal)

    # --- change -----------------------------------------------------------------------------------------------------

    async def move(self, principal: Principal, repository: Repository, owner: str, name: str) -> Repository:
        """Rename the repository, or hand it to another account. The old id keeps leading to it.

        Needs the right to manage it and to create under the new owner. Raises :class:`RepositoryExists`.
        """
        check_name(name)
        return await self._database.write(self._move, principal, repository, owner, name)

    def _move(
        self, connection: Connection, principal: Principal, repository: Repository, owner_name: str, name: str
    ) -> Repository:
        current = _authorized(connection, principal, Action.MANAGE, repository.id)
        owner = _owner_for(connection, principal, owner_name)
        target = queries.by_name(connection, current.kind, key(owner.name), key(name), None)
        if target is not None and target.repository.id != current.id:
            raise _exists(target.repository)
        queries.remove_redirect(connection, current.kind, key(owner.name), key(name))
        values = {"owner_id": owner.id, "name": name, "name_key": key(name), "updated_at": self._clock()}
        queries.change(connection, current.id, values)
        if target is None:
            queries.add_redirect(connection, current.kind, key(current.owner), key(current.name), current.id)
        cards.retitle(connection, self._search.index, _reread(connection, current.id))
        return self._announce(connection, "moved", current.id, principal, {"from": current.full_name})

    async def update_settings(
        self,
        principal: Principal,
        repository: Repository,
        *,
        visibility: Visibility | None = None,
        gated: Gated | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Repository:
        """Set what is given, keep the rest; ``options`` are merged into the present ones (``None`` removes one)."""
        return await self._database.write(self._update_settings, principal, repository, visibility, gated, options)

    def _update_settings(
        self,
        connection: Connection,
        principal: Principal,
        repository: Repository,
        visibility: Visibility | None,
        gated: Gated | None,
        options: Mapping[str, Any] | None,
    ) -> Repository:
        current = _authorized(connection, principal, Action.MANAGE, repository.id)
        given: dict[str, Any] = {"visibility": visibility, "gated": gated}
        changes = {name: value for name, value in given.items() if value is not None}
        if options is not None:
            merged = {name: value for name, value in {**current.options, **options}.items() if value is not None}
            changes["options"] = _json(_check_options(current.kind, merged))
        if changes:
            queries.change(connection, current.id, changes)
        return self._announce(connection, "settings", current.id, principal, changes)

    async def duplicate(
        self,
        principal: Principal,
        source: Repository,
        owner: str,
        name: str,
        *,
        visibility: Visibility | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Repository:
        """A new repository with the branches, tags and history of ``source``, whose files the caller may read.

        Content is shared, not copied. Access rules of a gated source are kept.
        """
        check_name(name)
        return await self._database.write(self._duplicate, principal, source, owner, name, visibility, options or {})

    def _duplicate(
        self,
        connection: Connection,
        principal: Principal,
        source: Repository,
        owner: str,
        name: str,
        visibility: Visibility | None,
        options: Mapping[str, Any],
    ) -> Repository:
        current = _authorized(connection, principal, Action.READ, source.id)
        if not principal.is_admin and not queries.readable(connection, principal.account_id, [current.id]):
            raise GatedRepository(repository=current.full_name)
        merged = _check_options(current.kind, {**current.options, **options})
        kept = ("gated", "default_branch", "description", "pipeline_tag", "library_name", "license", "parameters",
                "used_storage")  # fmt: skip
        values = {name: getattr(current, name) for name in kept} | {
            "visibility": visibility or current.visibility,
            "options": _json(merged),
            "head": bytes.fromhex(current.head) if current.head else None,
            "card": _json(current.card),
            "tags": _json(current.tags),
            "config": _json(current.config),
            "weights": _json(current.weights),
        }
        identity = self._insert(connection, principal, current.kind, owner, name, values)
        queries.copy_content(connection, current.id, identity, principal.account_id)
        self._search.index.copy(connection, current.id, identity)
        cards.retitle(connection, self._search.index, _reread(connection, identity))
        return self._announce(connection, "created", identity, principal, {"duplicate_of": current.full_name})

    # --- downloads --------------------------------------------------------------------------------------------------

    async def count_download(self, repository: Repository, path: str | None, caller: str) -> None:
        """Note that ``caller`` was sent a file, or the whole repository (``None``); see :class:`Downloads`."""
        self.downloads.count(repository, path, caller)

    async def flush_downloads(self) -> int:
        """Write the downloads counted since the last call; their number."""
        return await self.downloads.flush()

    # --- sums -------------------------------------------------------------------------------------------------------

    async def used_storage(self, repository: Repository) -> int:
        """Bytes of all distinct large files of the repository's history."""
        return await self._database.read(queries.stored_bytes, repository.id)

    async def used_storage_of(self, owner_id: int, kind: RepositoryKind | None = None) -> int:
        """Bytes used by all repositories of an account."""
        return await self._database.read(queries.stored_bytes_of_owner, owner_id, kind)

    # --- events -----------------------------------------------------------------------------------------------------

    def _announce(
        self,
        connection: Connection,
        what: str,
        repository_id: int,
        principal: Principal,
        payload: Mapping[str, Any] | None = None,
    ) -> Repository:
        changed = _reread(connection, repository_id)
        self._event(connection, what, changed, principal, payload)
        return changed

    @staticmethod
    def _event(
        connection: Connection,
        what: str,
        repository: Repository,
        principal: Principal,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        subject = f"{repository.kind}:{repository.full_name}"
        details = {"repository_id": repository.id, "visibility": repository.visibility, **(payload or {})}
        events.append(connection, f"repository.{what}", subject, principal.account_id, details)


def _owner_for(connection: Connection, principal: Principal, name: str) -> queries.Owner:
    """The account to create under, if the caller may."""
    owner = queries.owner(connection, key(name))
    if owner is None:
        raise AccountNotFound(name=name[:64])
    if not may_create(principal, owner.id, owner.name):
        raise (
            Unauthenticated() if principal.is_anonymous else Forbidden(action=Action.CREATE.value, resource=owner.name)
        )
    return owner


def _reread(connection: Connection, repository_id: int) -> Repository:
    found = queries.by_id(connection, repository_id)
    assert found is not None
    return found.repository


def _authorized(connection: Connection, principal: Principal, action: Action, repository_id: int) -> Repository:
    found = queries.by_id(connection, repository_id, principal.account_id)
    if found is None:
        raise RepositoryNotFound
    authorize(principal, action, found.repository, found.granted)
    return found.repository


def _known(connection: Connection, principal: Principal, repository_ids: Sequence[int]) -> set[int]:
    found = [queries.by_id(connection, identity, principal.account_id) for identity in dict.fromkeys(repository_ids)]
    seen = [item for item in found if item and may(principal, Action.READ_METADATA, item.repository, item.granted)]
    return {item.repository.id for item in seen}


def _taken(connection: Connection, kind: str, owner: str, name: str) -> RepositoryExists:
    found = queries.by_name(connection, kind, key(owner), key(name), None)
    assert found is not None
    return _exists(found.repository)


def _exists(repository: Repository) -> RepositoryExists:
    return RepositoryExists(kind=repository.kind, repository=repository.full_name, url=repository.full_name)


def _check_options(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in KINDS:
        raise BadRequest(reason=f"{kind} is not a kind of repository")
    if kind == "space" and options.get("sdk") not in SDKS:
        raise BadRequest(reason=f"a space needs an sdk: one of {', '.join(sorted(SDKS))}")
    if len(_json(options)) > OPTIONS_LIMIT:
        raise BadRequest(reason=f"the options are larger than {OPTIONS_LIMIT} bytes")
    return dict(options)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
