"""Files of a revision, in one listing or in numbered pages."""

from collections.abc import Sequence
from typing import Any

from commonground.gateways.modelscope.wire import PAGED_LIMIT, FilesQuery, is_true
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.listing import PAGE_LIMIT
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions
from commonground.hub.revisions.trees import GITLINK

REMEMBERED = 20_000

Shape = tuple[int, str, str, bool, int]
"""What all pages of a listing share: repository, commit, folder, whether recursive, page size."""


class Listing:
    """Lists files. Where the pages of a listing start is remembered, as clients ask for them one after the other."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._starts: LruCache[tuple[Shape, int], str] = LruCache(REMEMBERED)

    async def files(self, repository: Repository, revision: str, query: FilesQuery) -> list[dict[str, Any]]:
        """The entries of the page that is asked for; none behind the last page. :class:`EntryNotFound` for a folder
        that is not there.
        """
        commit = await self._revisions.resolve(repository, revision)
        folder, recursive, size = query.root.strip("/"), is_true(query.recursive), query.page_size or PAGED_LIMIT
        shape = (repository.id, commit, folder, recursive, size)
        entries = await self._page(repository, shape, query.page_number)
        made = await self._revisions.commit_info(repository, commit)
        sha256s = await self._sha256s(repository, entries)
        return [_item(entry, sha256s.get(entry.path, ""), commit, made.date) for entry in entries]

    async def _page(self, repository: Repository, shape: Shape, number: int) -> list[Entry]:
        at, cursor = self._nearest(shape, number)
        while at < number:
            pages = min(number - at, max(1, PAGE_LIMIT // shape[-1]))
            _, cursor = await self._read(repository, shape, cursor, pages)
            if cursor is None:
                return []
            at += pages
            self._starts.put((shape, at), cursor)
        entries, following = await self._read(repository, shape, cursor, 1)
        if following is not None:
            self._starts.put((shape, number + 1), following)
        return entries

    def _nearest(self, shape: Shape, number: int) -> tuple[int, str | None]:
        """The last page up to ``number`` whose start is known, and that start."""
        for at in range(number, max(1, number - REMEMBERED), -1):
            if (cursor := self._starts.get((shape, at))) is not None:
                return at, cursor
        return 1, None

    async def _read(
        self, repository: Repository, shape: Shape, cursor: str | None, pages: int
    ) -> tuple[list[Entry], str | None]:
        _, commit, folder, recursive, size = shape
        page = await self._revisions.tree(
            repository, commit, folder, recursive=recursive, cursor=cursor, limit=pages * size
        )
        return page.items, page.cursor

    async def _sha256s(self, repository: Repository, entries: Sequence[Entry]) -> dict[str, str]:
        files = [entry for entry in entries if is_file(entry)]
        found = await self._revisions.sha256s(repository, files)
        return {entry.path: sha256 for entry, sha256 in zip(files, found, strict=True)}


def is_file(entry: Entry) -> bool:
    """Whether an entry can be downloaded: a submodule cannot, it is shown as a folder."""
    return entry.type == "file" and entry.mode != GITLINK


def _item(entry: Entry, sha256: str, commit: str, date: int) -> dict[str, Any]:
    return {
        "Path": entry.path,
        "Name": entry.path.rpartition("/")[2],
        "Type": "blob" if is_file(entry) else "tree",
        "Mode": f"{entry.mode:06o}",
        "Size": entry.size,
        "Sha256": sha256,
        "IsLFS": entry.lfs is not None,
        "Revision": commit,
        "CommittedDate": date // 1000,
    }
