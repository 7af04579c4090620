"""The files of a revision, each with its SHA-256: what a signature, a bill of materials and a check speak of."""

from typing import Annotated

import msgspec
from msgspec import Meta

from commonground.errors import TooManyFiles
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry, Page
from commonground.hub.revisions.service import Revisions

PAGE = 1000
GITLINK = 0o160000

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256 of the content, 64 hex digits.")]
FilePath = Annotated[str, Meta(min_length=1, max_length=4096, description="Path below the root, with slashes.")]
Size = Annotated[int, Meta(ge=0, le=2**63 - 1, description="Bytes.")]


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: ``sha256`` and ``size`` are those of the content a reader downloads."""

    path: FilePath
    size: Size
    sha256: Sha256


async def manifest_page(
    revisions: Revisions, repository: Repository, revision: str, *, cursor: str | None = None, limit: int = PAGE
) -> Page[ManifestFile]:
    """A page of the files of a revision in git's order; all pages of one list come from one commit. Submodules are
    left out. A page may be short, or empty, and still have a cursor.
    """
    found = await revisions.tree(repository, revision, recursive=True, cursor=cursor, limit=limit)
    entries = [entry for entry in found.items if is_content(entry)]
    digests = await revisions.sha256s(repository, entries)
    files = [
        ManifestFile(path=entry.path, size=entry.size, sha256=sha256)
        for entry, sha256 in zip(entries, digests, strict=True)
    ]
    return Page(files, found.cursor)


async def manifest_files(revisions: Revisions, repository: Repository, revision: str, limit: int) -> list[ManifestFile]:
    """All files of a revision; :class:`TooManyFiles` above ``limit``."""
    files: list[ManifestFile] = []
    cursor: str | None = None
    while True:
        page = await manifest_page(revisions, repository, revision, cursor=cursor)
        files += page.items
        if len(files) > limit:
            raise TooManyFiles(repository=repository.full_name, limit=limit)
        if (cursor := page.cursor) is None:
            return files


def is_content(entry: Entry) -> bool:
    """Whether there are bytes behind an entry: neither a folder nor a submodule."""
    return entry.type == "file" and entry.mode != GITLINK
