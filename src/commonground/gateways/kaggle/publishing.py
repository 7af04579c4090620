"""Uploads become a version: one commit with exactly the files that were sent."""

from collections.abc import Iterator, Sequence

import msgspec

from commonground.accounts.model import Principal
from commonground.errors import BadRequest, EntryNotFound, RefExists, RevisionNotFound
from commonground.gateways.kaggle.places import Place
from commonground.gateways.kaggle.unpacking import Item, unpack
from commonground.gateways.kaggle.wire import Directory, NewFile
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import (
    AddFile,
    AddPointer,
    CommitRequest,
    CopyFile,
    DeleteFolder,
    Operation,
    UploadDecision,
    UploadFile,
)
from commonground.hub.versions import HEADS, HOUSEKEEPING
from commonground.services import Services
from commonground.store.model import Session

PURPOSE = "kaggle"
"""Of the upload sessions and of the addresses they are sent to."""

PACKED = "archive.zip"
"""The one file the client sends in place of more than 50."""

DEPTH_LIMIT = 50
BATCH = 5_000
SAMPLE = 512
ATTRIBUTES = ".gitattributes"


class Publisher:
    """Makes versions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._revisions, self._store, self._uploads = services.revisions, services.store, services.uploads

    async def publish(
        self, caller: Principal, repository: Repository, place: Place, sent: Directory, title: str, notes: str = ""
    ) -> None:
        """Commit the files of an upload in place of those that are there. The branch is made if there is none.

        At the root of the default branch the card and ``.gitattributes`` stay unless the upload brings its own.
        :class:`UploadNotFound` for a token that is not the caller's.
        """
        items = await self._items(caller, sent)
        if not items:
            raise BadRequest(reason="no file was uploaded")
        attributes = await self._attributes(repository)
        is_new = await self._prepare(caller, repository, place)
        operations = await self._cleared(repository, place, {item.path for item in items}, is_new=is_new)
        placed = [msgspec.structs.replace(item, path=place.inside(item.path)) for item in items]
        operations += await self._additions(caller, repository, place, placed, attributes)
        request = CommitRequest(title=title, description=notes, operations=operations)
        await self._revisions.commit(repository, caller, place.branch, request)

    async def _items(self, caller: Principal, sent: Directory) -> list[Item]:
        """The files that were uploaded; those of an archive where it is all there is."""
        sessions = [
            (folder, await self._uploads.find(file.token or "", caller.uploader, PURPOSE))
            for folder, file in _files(sent, "")
        ]
        items = [await self._complete(folder, session) for folder, session in sessions]
        if [item.path for item in items] == [PACKED]:
            return await unpack(self._store, caller.uploader or 0, items[0])
        return items

    async def _complete(self, folder: str, session: Session) -> Item:
        name, size = str(session.details["name"]), int(session.details["size"])
        if session.size != size:
            raise BadRequest(reason=f"of {name} only {session.size} of {size} bytes have arrived")
        return Item(path=folder + name, file=await self._uploads.complete(session))

    async def _prepare(self, caller: Principal, repository: Repository, place: Place) -> bool:
        """Make the branch; whether there was none."""
        try:
            await self._revisions.resolve(repository, HEADS + place.branch)
        except RevisionNotFound:
            try:
                await self._revisions.create_branch(repository, caller, place.branch, empty=True)
            except RefExists:
                return False
            return True
        return False

    async def _cleared(self, repository: Repository, place: Place, new: set[str], *, is_new: bool) -> list[Operation]:
        """What empties the place. A new branch gets the default one's ``.gitattributes``: git needs them to fetch large
        files.
        """
        if place.folder:
            return [DeleteFolder(place.folder)]
        source = repository.default_branch if is_new else place.branch
        wanted = {ATTRIBUTES} if is_new or place.branch != repository.default_branch else HOUSEKEEPING
        kept = await self._present(repository, source, sorted(wanted - new))
        copies = [CopyFile(path=path, source_path=path, source_revision=HEADS + source) for path in kept]
        return [DeleteFolder(""), *copies]

    async def _present(self, repository: Repository, branch: str, paths: Sequence[str]) -> list[str]:
        found = await self._revisions.paths(repository, HEADS + branch, paths)
        return [entry.path for entry in found if entry.type == "file"]

    async def _attributes(self, repository: Repository) -> str | None:
        try:
            _, entry = await self._revisions.entry(repository, repository.default_branch, ATTRIBUTES)
        except (EntryNotFound, RevisionNotFound):
            return None
        return (await self._revisions.read(repository, entry)).decode("utf-8", "replace")

    async def _additions(
        self, caller: Principal, repository: Repository, place: Place, items: Sequence[Item], attributes: str | None
    ) -> list[Operation]:
        """Texts as plain files, everything else as large ones, as the repository's rules say."""
        found: list[Operation] = []
        room = self._services.settings.commit_body_limit  # what a commit may hold in memory
        for at in range(0, len(items), BATCH):
            batch = items[at : at + BATCH]
            files = [UploadFile(path=item.path, size=item.file.size, sample=await self._sample(item)) for item in batch]
            rules = await self._revisions.preupload(repository, caller, place.branch, files, attributes)
            for item, rule in zip(batch, rules, strict=True):
                plain = _is_plain(rule, item, room)
                room -= item.file.size if plain else 0
                found.append(await self._plain(item) if plain else _large(item))
        return found

    async def _sample(self, item: Item) -> bytes:
        end = min(SAMPLE, item.file.size)
        return await self._store.read_bytes(item.file.hash, 0, end) if end else b""

    async def _plain(self, item: Item) -> AddFile:
        content = await self._store.read_bytes(item.file.hash, limit=item.file.size) if item.file.size else b""
        return AddFile(path=item.path, content=content)


def _files(sent: Directory, folder: str, depth: int = 0) -> Iterator[tuple[str, NewFile]]:
    """Every file of an upload with the folder it belongs to, which is empty or ends with a slash."""
    if depth > DEPTH_LIMIT:
        raise BadRequest(reason=f"folders are nested more than {DEPTH_LIMIT} deep")
    yield from ((folder, file) for file in sent.files)
    for directory in sent.directories:
        if not directory.name or "/" in directory.name:
            raise BadRequest(reason="a folder needs a name, without slashes")
        yield from _files(directory, f"{folder}{directory.name}/", depth + 1)


def _is_plain(rule: UploadDecision, item: Item, room: int) -> bool:
    return rule.mode == "regular" and item.file.size <= room


def _large(item: Item) -> AddPointer:
    assert item.file.sha256 is not None  # computed when it arrived
    return AddPointer(path=item.path, sha256=item.file.sha256.hex(), size=item.file.size)
