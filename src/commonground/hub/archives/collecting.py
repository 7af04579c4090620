"""The members of an archive, collected from the tree of a commit."""

from collections.abc import Sequence

from sqlalchemy import Connection

from commonground.errors import BlobNotFound
from commonground.hub.archives import links
from commonground.hub.archives.members import Members
from commonground.hub.archives.model import FILE, FOLDER, LINK, PROGRAM, Member
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.objects import BLOB, object_id
from commonground.hub.revisions.service import Revisions
from commonground.hub.revisions.trees import EXECUTABLE, GITLINK, SYMLINK
from commonground.store.service import Store

PAGE = 5_000
_EMPTY = object_id(BLOB, b"").hex()


async def collect(
    revisions: Revisions, store: Store, repository: Repository, commit: str, folder: str, top: str
) -> Members:
    """All that is below ``folder``, in git's order, a folder before its content.

    :class:`ArchiveTooLarge`; :class:`BlobNotFound` for content the repository does not have.
    """
    members, cursor = Members(top), None
    below = len(folder) + 1 if folder else 0
    while True:
        page = await revisions.tree(repository, commit, folder, recursive=True, cursor=cursor, limit=PAGE)
        await store.database.read(_check_content, store, repository.id, page.items)
        for entry in page.items:
            path = entry.path[below:]
            content = bytes.fromhex(entry.lfs.sha256 if entry.lfs else entry.oid)
            members.add(await _member(revisions, repository, entry, path), content)
        if (cursor := page.cursor) is None:
            return members


async def _member(revisions: Revisions, repository: Repository, entry: Entry, path: str) -> Member:
    if entry.type == "directory" or entry.mode == GITLINK:
        return Member(f"{path}/", FOLDER, 0)
    if entry.mode == SYMLINK and (target := await _target(revisions, repository, entry, path)):
        return Member(path, LINK, entry.size, target)
    return Member(path, PROGRAM if entry.mode == EXECUTABLE else FILE, entry.size)


async def _target(revisions: Revisions, repository: Repository, entry: Entry, path: str) -> str | None:
    """Where a link leads; ``None`` for one that is packed as the file git would make of it where there are no links."""
    if entry.lfs is not None or entry.size > links.LIMIT:
        return None
    try:
        target = (await revisions.read(repository, entry)).decode()
    except UnicodeDecodeError:
        return None
    return target if links.stays_inside(path, target) else None


def _check_content(connection: Connection, store: Store, repository_id: int, entries: Sequence[Entry]) -> None:
    """Return if all content is there and as long as the tree says: later than now nothing can be refused."""
    pointers = [entry.lfs for entry in entries if entry.lfs]
    files = store.linked(connection, repository_id, [bytes.fromhex(pointer.sha256) for pointer in pointers])
    for pointer in pointers:
        file = files.get(bytes.fromhex(pointer.sha256))
        if file is None or file.size != pointer.size:
            raise BlobNotFound(oid=pointer.sha256)
    for entry in entries:
        if entry.type == "file" and entry.mode != GITLINK and not entry.size and not entry.lfs and entry.oid != _EMPTY:
            raise BlobNotFound(oid=entry.oid)
