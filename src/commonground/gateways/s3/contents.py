"""Content on its way into a commit: short text as a git blob, everything else through the chunk store."""

from collections.abc import AsyncIterator

from commonground.gateways.s3.context import Place
from commonground.hub.revisions.model import AddFile, AddPointer, UploadFile
from commonground.hub.revisions.paths import split_path
from commonground.hub.revisions.service import Revisions
from commonground.services import Services
from commonground.store.model import StoredFile

SAMPLE = 512
"""First bytes of a file, which tell text from the rest."""


async def take(services: Services, place: Place, parts: AsyncIterator[bytes]) -> AddFile | AddPointer:
    """The operation that writes a stream under the place's key. Of a stream that ends with an error nothing is kept."""
    split_path(place.key)
    limit = services.settings.regular_file_limit
    head = bytearray()
    async for part in parts:
        head += part
        if len(head) > limit:
            return await _pointer(services, place, _chain(bytes(head), parts))
    if await is_regular(services.revisions, place, len(head), bytes(head[:SAMPLE])):
        return AddFile(path=place.key, content=bytes(head))
    return await _pointer(services, place, _chain(bytes(head), None))


async def of_file(services: Services, place: Place, file: StoredFile) -> AddFile | AddPointer:
    """The operation that writes a file of the store, which the caller has uploaded, under the place's key."""
    if file.size <= services.settings.regular_file_limit:
        content = await services.store.read_bytes(file.hash, 0, file.size, file.size) if file.size else b""
        if await is_regular(services.revisions, place, file.size, content[:SAMPLE]):
            return AddFile(path=place.key, content=content)
    return pointer(place.key, file)


def pointer(key: str, file: StoredFile) -> AddPointer:
    """The operation that writes a file of the store."""
    assert file.sha256 is not None
    return AddPointer(path=key, sha256=file.sha256.hex(), size=file.size)


async def is_regular(revisions: Revisions, place: Place, size: int, sample: bytes) -> bool:
    """Whether a file of this size and beginning belongs into git."""
    file = UploadFile(path=place.key, size=size, sample=sample)
    decisions = await revisions.preupload(place.repository, place.principal, place.revision, [file])
    return all(decision.mode == "regular" for decision in decisions)


async def _pointer(services: Services, place: Place, parts: AsyncIterator[bytes]) -> AddPointer:
    return pointer(place.key, await services.store.ingest(place.principal.uploader or 0, parts))


async def _chain(head: bytes, rest: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    yield head
    if rest is not None:
        async for part in rest:
            yield part
