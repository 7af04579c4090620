"""The files of a revision, each with its SHA-256."""

from commonground.errors import TooManyFiles
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry, Page
from commonground.hub.revisions.service import Revisions
from commonground.operations.manifest.model import ManifestFile

PAGE = 1000
GITLINK = 0o160000


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
