"""The list of a commit's files, encoded once: a commit never changes."""

from collections import OrderedDict
from typing import Any

import msgspec

from commonground.gateways.huggingface.entries import sibling
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions

CACHE_BYTES = 16 * 2**20
PAGE = 10_000


class Siblings:
    """Lists files; plain lists are kept encoded, newest used last, up to ``CACHE_BYTES``."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._kept: OrderedDict[tuple[int, str], msgspec.Raw] = OrderedDict()
        self._bytes = 0

    async def names(self, repository: Repository, sha: str) -> msgspec.Raw:
        """``[{"rfilename": path}...]`` as JSON."""
        key = (repository.id, sha)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        entries = await self._files(repository, sha)
        made = msgspec.Raw(msgspec.json.encode([{"rfilename": entry.path} for entry in entries]))
        self._keep(key, made)
        return made

    async def with_sizes(self, repository: Repository, sha: str) -> list[dict[str, Any]]:
        """The files with sizes, blob ids and LFS pointers."""
        return [sibling(entry) for entry in await self._files(repository, sha)]

    async def _files(self, repository: Repository, sha: str) -> list[Entry]:
        files: list[Entry] = []
        cursor = None
        while True:
            page = await self._revisions.tree(repository, sha, recursive=True, cursor=cursor, limit=PAGE)
            files += [entry for entry in page.items if entry.type == "file"]
            cursor = page.cursor
            if cursor is None:
                return files

    def _keep(self, key: tuple[int, str], made: msgspec.Raw) -> None:
        size = len(memoryview(made))
        if size > CACHE_BYTES // 2 or key in self._kept:
            return
        self._kept[key] = made
        self._bytes += size
        while self._bytes > CACHE_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(memoryview(dropped))
