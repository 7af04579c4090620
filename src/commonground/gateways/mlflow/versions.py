"""The files of a version: those of its commit, and a description where that lacks one."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from commonground.accounts.model import Principal
from commonground.errors import EntryNotFound
from commonground.gateways.mlflow import mlmodel
from commonground.gateways.mlflow.context import Context
from commonground.gateways.mlflow.names import Content
from commonground.http import files
from commonground.http.contents import file_content
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry

PAGE = 1000
MOST_ENTRIES = 10_000
"""Entries of one folder that are listed, and files of a version that are copied."""


class VersionFiles:
    """Reads the files of commits, for those who may."""

    def __init__(self, context: Context) -> None:
        self._context, self._revisions = context, context.services.revisions

    async def open(self, caller: Principal, place: Content) -> Repository:
        """The repository, if the caller may read its files."""
        return await self._context.readable(caller, f"{place.owner}/{place.name}")

    async def listed(self, caller: Principal, place: Content, folder: str) -> list[dict[str, Any]]:
        """The entries of a folder; none for what is a file, or is not there."""
        repository = await self.open(caller, place)
        try:
            entries = await self.entries(repository, place.commit, folder)
        except EntryNotFound:
            return []
        found = [_shown(entry) for entry in entries]
        if not folder and (text := mlmodel.written_for(entries)) is not None:
            found.append({"path": mlmodel.NAME, "is_dir": False, "file_size": len(text)})
        return found

    async def entries(
        self, repository: Repository, commit: str, folder: str = "", *, recursive: bool = False
    ) -> list[Entry]:
        """The entries of a folder, up to :data:`MOST_ENTRIES`; :class:`EntryNotFound`."""
        found: list[Entry] = []
        cursor: str | None = None
        while len(found) < MOST_ENTRIES:
            page = await self._revisions.tree(
                repository, commit, folder, recursive=recursive, cursor=cursor, limit=PAGE
            )
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break
        return found

    async def content(self, caller: Principal, place: Content, path: str) -> files.Content:
        """What a reader of a file downloads; :class:`EntryNotFound`."""
        repository = await self.open(caller, place)
        try:
            _, entry = await self._revisions.entry(repository, place.commit, path)
        except EntryNotFound:
            text = mlmodel.written_for(await self.entries(repository, place.commit)) if path == mlmodel.NAME else None
            if text is None:
                raise
            return _written(text)
        if entry.type != "file":
            raise EntryNotFound(path=path)
        await self._context.repositories.count_download(repository, path, caller.name)
        return file_content(self._revisions, self._context.services.store, repository, entry)


def _shown(entry: Entry) -> dict[str, Any]:
    name = entry.path.rpartition("/")[2]
    return (
        {"path": name, "is_dir": False, "file_size": entry.size}
        if entry.type == "file"
        else {"path": name, "is_dir": True}
    )


def _written(text: bytes) -> files.Content:
    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        yield text[start:end]

    return files.Content(size=len(text), etag=hashlib.sha256(text).hexdigest(), media_type="text/yaml", read=read)
