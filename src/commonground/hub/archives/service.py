"""Archives of a revision, or of one of its folders: nothing of them is kept, and any range of them can be had."""

import asyncio
import hashlib
from functools import partial

from commonground.errors import BadRequest, EntryNotFound
from commonground.hub.archives.checksums import Checksums
from commonground.hub.archives.collecting import collect
from commonground.hub.archives.contents import RepositoryContents
from commonground.hub.archives.gzip import gzip_size, read_gzip
from commonground.hub.archives.layout import Layout
from commonground.hub.archives.model import LAYOUT_VERSION, Archive, Format
from commonground.hub.archives.streaming import layout_checksum, read_layout
from commonground.hub.archives.tar import TarLayout
from commonground.hub.archives.zip import ZipLayout
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.paths import is_path
from commonground.hub.revisions.service import Revisions
from commonground.store.lru import LeastRecent
from commonground.store.service import Store


class Archives:
    """Makes archives. Who may read the repository was asked before: :meth:`Repositories.open`, ``check_files``.

    Layouts of up to ``memory`` bytes are kept, so that the parts of a download do not walk the tree again.
    """

    def __init__(self, revisions: Revisions, store: Store, memory: int = 2**24) -> None:
        self._revisions = revisions
        self._store = store
        self._layouts: LeastRecent[tuple[int, str], Layout] = LeastRecent(memory)
        self._checksums = Checksums()

    async def open(
        self, repository: Repository, revision: str, folder: str = "", *, form: Format = "tar.gz", top: str = ""
    ) -> Archive:
        """The archive of what is below ``folder`` (paths in it begin there), all of it below one folder ``top`` where
        that is given.

        Raises :class:`RevisionNotFound`, :class:`EntryNotFound` where there is no such folder, :class:`BadRequest` for
        a ``top`` that is no name, :class:`ArchiveTooLarge`, :class:`BlobNotFound` for content that is missing.
        """
        folder = folder.strip("/")
        commit, tree = await self._tree(repository, revision, folder)
        if top and (not is_path(top) or "/" in top):
            raise BadRequest(reason="the name of the top folder is not the name of a folder")
        packing: Format = "zip" if form == "zip" else "tar"
        etag = _digest(tree, packing, top)
        layout = await self._layout(repository, commit, folder, top, packing, etag)
        contents = RepositoryContents(
            self._revisions, repository, layout.members, self._checksums, summed=form != "tar"
        )
        read = partial(read_layout, layout, contents)
        if form != "tar.gz":
            return Archive(size=layout.size, etag=etag, commit=commit, read=read)
        checksum = partial(self._checksum, layout, contents, etag)
        packed = partial(read_gzip, read, layout.size, checksum)
        return Archive(size=gzip_size(layout.size), etag=_digest(tree, form, top), commit=commit, read=packed)

    async def _tree(self, repository: Repository, revision: str, folder: str) -> tuple[str, str]:
        commit = await self._revisions.resolve(repository, revision)
        if not folder:
            return commit, (await self._revisions.commit_info(repository, commit)).tree
        _, entry = await self._revisions.entry(repository, commit, folder)
        if entry.type != "directory":
            raise EntryNotFound(path=folder, commit=commit)
        return commit, entry.oid

    async def _layout(
        self, repository: Repository, commit: str, folder: str, top: str, packing: Format, etag: str
    ) -> Layout:
        key = (repository.id, etag)
        known = self._layouts.get(key)
        if known is not None:
            return known
        members = await collect(self._revisions, self._store, repository, commit, folder, top)
        layout = await asyncio.to_thread(ZipLayout if packing == "zip" else TarLayout, members)
        self._layouts.put(key, layout, layout.weight)
        return layout

    async def _checksum(self, layout: Layout, contents: RepositoryContents, etag: str) -> int:
        """The CRC-32 of a tar file, worked out once."""
        key = b"tar " + etag.encode()
        known = self._checksums.recall(key)
        if known is None:
            known = await layout_checksum(layout, contents)
            self._checksums.remember(key, known)
        return known


def _digest(tree: str, form: Format, top: str) -> str:
    """What names the bytes of an archive: the tree has every path, mode and content."""
    return hashlib.sha256(f"{LAYOUT_VERSION}\0{tree}\0{form}\0{top}".encode()).hexdigest()[:40]
