"""Revisions of repositories: the one face of this package."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence

from commonground.accounts.model import Principal
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.checking import Checking, Problem
from commonground.hub.revisions.collecting import Collected, Collecting
from commonground.hub.revisions.commits import Also, Commits
from commonground.hub.revisions.comparing import CHANGES_LIMIT, Comparing
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.digests import Digests
from commonground.hub.revisions.history import History
from commonground.hub.revisions.initial import write_initial_commit
from commonground.hub.revisions.listing import Listing
from commonground.hub.revisions.model import (
    Change,
    Commit,
    CommitRequest,
    Entry,
    HeadObserver,
    Page,
    Ref,
    RefUpdate,
    Source,
    UploadDecision,
    UploadFile,
)
from commonground.hub.revisions.object_reader import ObjectReader
from commonground.hub.revisions.publishing import REINDEX
from commonground.hub.revisions.purging import Purging
from commonground.hub.revisions.pushes import Links, Pushes
from commonground.hub.revisions.reading import READ_LIMIT, Reading
from commonground.hub.revisions.refs import Refs
from commonground.hub.revisions.reindexing import Reindexing
from commonground.hub.revisions.upload_rules import UploadRules
from commonground.settings import Settings
from commonground.store.service import Store

__all__ = ["REINDEX", "Collected", "ObjectReader", "Problem", "Revisions", "write_initial_commit"]


class Revisions:
    """Commits, refs, trees and history of repositories. A ``revision`` is a branch, a tag, a full ref name, or the id
    (abbreviated: 7 digits or more) of a commit that some ref reaches; anything else is :class:`RevisionNotFound`.
    Who may do what was asked before: :meth:`Repositories.open`.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        settings: Settings,
        observers: Sequence[HeadObserver] = (),
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._context = Context(database, store, settings, clock)
        self._context.observers.extend(observers)
        self._listing = Listing(self._context)
        self._reading = Reading(self._context)
        self._history = History(self._context)
        self._refs = Refs(self._context)
        self._rules = UploadRules(self._context)
        self._commits = Commits(self._context, self._rules)
        self._purging = Purging(self._context)
        self._pushes = Pushes(self._context)
        self._comparing = Comparing(self._context)
        self._reindexing = Reindexing(self._context)
        self._collecting = Collecting(self._context)
        self._checking = Checking(self._context)
        self._digests = Digests(self._context)

    def observe(self, observer: HeadObserver) -> None:
        """Let ``observer`` follow the heads of default branches."""
        self._context.observers.append(observer)

    # --- reading ------------------------------------------------------------------------------------------------------

    async def resolve(self, repository: Repository, revision: str) -> str:
        """The commit of a revision, 40 hex digits."""
        return await self._listing.resolve(repository, revision)

    async def entry(self, repository: Repository, revision: str, path: str) -> tuple[str, Entry]:
        """Commit and entry of a path; :class:`EntryNotFound` has the commit as its detail ``commit``."""
        return await self._listing.entry(repository, revision, path)

    async def paths(
        self, repository: Repository, revision: str, paths: Sequence[str], *, expand: bool = False
    ) -> list[Entry]:
        """Entries of the paths that exist, in the order asked for; ``expand`` adds the last commit of each."""
        return await self._listing.paths(repository, revision, paths, expand=expand)

    async def tree(
        self,
        repository: Repository,
        revision: str,
        path: str = "",
        *,
        recursive: bool = False,
        expand: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page[Entry]:
        """A page of what a folder contains, in git's order. With a cursor, the revision is the one of its first page.
        :class:`EntryNotFound` if there is no such folder.
        """
        return await self._listing.tree(
            repository, revision, path, recursive=recursive, expand=expand, cursor=cursor, limit=limit
        )

    async def expand(self, repository: Repository, commit: str, entries: Sequence[Entry]) -> list[Entry]:
        """Entries of a commit (40 hex digits) with the last commit of each; cheaper than to ask for them anew."""
        return await self._listing.expand(repository, commit, entries)

    async def source(self, repository: Repository, entry: Entry) -> Source:
        """Where the content of a file is; :class:`BlobNotFound`."""
        return await self._reading.source(repository, entry)

    async def blob(self, repository: Repository, entry: Entry) -> Source:
        """Like :meth:`source`, but of an LFS file the text of its pointer."""
        return await self._reading.blob(repository, entry)

    async def read(
        self, repository: Repository, entry: Entry, start: int = 0, end: int | None = None, limit: int = READ_LIMIT
    ) -> bytes:
        """The bytes [start, end) of a file, regular or LFS; :class:`PayloadTooLarge` above ``limit`` bytes."""
        return await self._reading.read(repository, entry, start, end, limit)

    def stream(
        self, repository: Repository, entry: Entry, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes [start, end) of a file, in parts."""
        return self._reading.stream(repository, entry, start, end)

    async def sha256s(self, repository: Repository, entries: Sequence[Entry]) -> list[str]:
        """The SHA-256 of the content of files, 64 hex digits each, in order: known for LFS files, computed once for
        others. :class:`BlobNotFound`.
        """
        return await self._digests.sha256s(repository, entries)

    async def commit_info(self, repository: Repository, sha: str) -> Commit:
        """The commit of a revision."""
        return await self._history.commit_info(repository, sha)

    async def history(
        self, repository: Repository, revision: str, cursor: str | None = None, limit: int = 50, path: str | None = None
    ) -> Page[Commit]:
        """A commit and its ancestors, newest first; with ``path`` only those that changed it. A page may be short and
        still have a cursor.
        """
        return await self._history.history(repository, revision, cursor, limit, path)

    async def count_commits(self, repository: Repository, revision: str, limit: int = 10_000) -> int:
        """Number of commits of a revision, counted up to ``limit``."""
        return await self._history.count(repository, revision, limit)

    async def diff(self, repository: Repository, base: str, head: str, limit: int = CHANGES_LIMIT) -> list[Change]:
        """Files that differ between two revisions, by path, at most ``limit``."""
        return await self._comparing.diff(repository, base, head, limit)

    async def preupload(
        self,
        repository: Repository,
        principal: Principal,
        revision: str,
        files: Sequence[UploadFile],
        git_attributes: str | None = None,
        git_ignore: str | None = None,
    ) -> list[UploadDecision]:
        """How each file shall be sent, in order. Rules are those of the revision unless their text is given."""
        return await self._rules.preupload(repository, revision, files, git_attributes, git_ignore)

    # --- writing ------------------------------------------------------------------------------------------------------

    async def commit(
        self, repository: Repository, principal: Principal, revision: str, request: CommitRequest
    ) -> Commit:
        """Apply operations, in order, to the head of a branch (``main``, ``refs/pr/1``...) and move it; all or nothing.

        A request without effect makes a commit with the tree of its parent. Raises :class:`RevisionNotFound`,
        :class:`StaleParent` if ``parent`` is not the head, :class:`InvalidPath`, :class:`InvalidCommit`,
        :class:`EntryNotFound`, :class:`FileToDeleteNotFound`, :class:`ContentMissing`, :class:`SizeMismatch`.
        """
        return await self._commits.commit(repository, principal, revision, request)

    async def commit_all(
        self, principal: Principal, requests: Sequence[tuple[Repository, CommitRequest]], also: Also
    ) -> list[Commit]:
        """Like :meth:`commit`, on the default branches of several repositories and in one transaction, in which
        ``also(connection, commits)`` writes too: all of it or, whatever is raised, nothing.
        """
        return await self._commits.commit_all(principal, None, requests, also)

    async def propose(
        self, repository: Repository, principal: Principal, revision: str, request: CommitRequest
    ) -> tuple[int, Commit]:
        """Like :meth:`commit`, but the branch stays where it is and the commit becomes the new ref ``refs/pr/N``;
        N and the commit.
        """
        return await self._commits.propose(repository, principal, revision, request)

    async def refs(self, repository: Repository) -> list[Ref]:
        """Every ref, by name."""
        return await self._refs.refs(repository)

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
        """A branch at ``starting_point`` (default: the default branch), or, if ``empty``, at a commit without files
        and without history. :class:`RefExists` unless ``overwrite``; :class:`InvalidRef`.
        """
        return await self._refs.create_branch(
            repository, principal, name, starting_point=starting_point, empty=empty, overwrite=overwrite
        )

    async def delete_branch(self, repository: Repository, principal: Principal, name: str) -> None:
        """Remove a branch; :class:`InvalidRef` for the default one."""
        await self._refs.delete_branch(repository, principal, name)

    async def create_tag(
        self, repository: Repository, principal: Principal, name: str, revision: str, *, message: str | None = None
    ) -> Ref:
        """A tag of a revision, annotated if there is a message; :class:`RefExists`, :class:`InvalidRef`."""
        return await self._refs.create_tag(repository, principal, name, revision, message=message)

    async def delete_tag(self, repository: Repository, principal: Principal, name: str) -> None:
        """Remove a tag."""
        await self._refs.delete_tag(repository, principal, name)

    async def super_squash(
        self, repository: Repository, principal: Principal, branch: str, *, message: str | None = None
    ) -> Commit:
        """Replace the history of a branch by one commit without parents and with the same files."""
        return await self._refs.super_squash(repository, principal, branch, message=message)

    async def refs_of_content(self, repository: Repository, sha256s: Collection[bytes]) -> dict[bytes, str]:
        """By SHA-256 (raw): the full name of a ref whose files have this LFS content, the default branch before others;
        content that only older commits have is left out.
        """
        return await self._purging.refs_of(repository, sha256s)

    async def purge_content(self, repository: Repository, principal: Principal, sha256s: Collection[bytes]) -> None:
        """Rewrite every ref as if no file had ever had this LFS content. It stays linked: see :meth:`unlink_content`."""
        await self._purging.purge(repository, principal, sha256s)

    async def unlink_content(self, repository: Repository, sha256s: Collection[bytes]) -> None:
        """End the repository's use of LFS content (raw SHA-256s): nobody reads it here any more, and gc frees it."""
        await self._purging.unlink(repository, sha256s)

    # --- git ----------------------------------------------------------------------------------------------------------

    def objects(self, repository: Repository, principal: Principal) -> ObjectReader:
        """The objects of a repository, to be used in a thread and closed. Call it on the event loop."""
        return ObjectReader(self._context, asyncio.get_running_loop(), repository.id, principal.account_id)

    async def update_refs(
        self, repository: Repository, principal: Principal, updates: Sequence[RefUpdate], links: Links = ()
    ) -> None:
        """Move several refs and link LFS content (file, path) in one transaction, or do nothing: :class:`InvalidRef`,
        :class:`PushRejected`. The caller has checked that everything the new ids lead to is there.
        """
        await self._pushes.update_refs(repository, principal, updates, links)

    # --- maintenance --------------------------------------------------------------------------------------------------

    async def reindex(self, repository_id: int) -> bool:
        """Build the path index of the default branch: the work of task ``hub.reindex``, whose payload is
        ``{"repository": id}``. ``False`` if there is no such branch or it kept moving.
        """
        return await self._reindexing.reindex(repository_id)

    async def gc(self, repository: Repository, *, dry_run: bool = False) -> Collected:
        """Delete objects no ref leads to, once they are older than an upload may take; safe beside writers."""
        return await self._collecting.gc(repository, dry_run=dry_run)

    async def fsck(self, repository: Repository) -> list[Problem]:
        """What is wrong with the refs, objects, content and path index of a repository."""
        return await self._checking.fsck(repository)
