"""Decides, object by object, what a batch request may transfer and where."""

from commonground.accounts.model import Principal
from commonground.errors import Unauthenticated
from commonground.gateways.lfs.queries import Upload
from commonground.gateways.lfs.uploads import PART_SIZE, Uploads, part_size
from commonground.gateways.lfs.wire import Action, BatchAnswer, BatchRequest, ObjectAnswer, ObjectError, ObjectRequest
from commonground.http.content_links import Links
from commonground.hub.repositories.model import Repository
from commonground.services import Services
from commonground.store.model import StoredFile

SLOWEST = 2**19
"""Bytes a second at which an upload still ends before its addresses do."""


async def answer_download(services: Services, repository: Repository, batch: BatchRequest, links: Links) -> BatchAnswer:
    """Addresses of the content the repository has."""
    wanted = [bytes.fromhex(item.oid) for item in batch.objects if item.problem is None]
    linked = await services.database.read(services.store.linked, repository.id, wanted)
    return BatchAnswer("basic", [_download(item, linked, links) for item in batch.objects])


def _download(item: ObjectRequest, linked: dict[bytes, StoredFile], links: Links) -> ObjectAnswer:
    if item.problem:
        return _failure(item, 422, item.problem)
    file = linked.get(bytes.fromhex(item.oid))
    if file is None:
        return _failure(item, 404, "the repository has no such content")
    href = links.to("download", item.oid, file.size)
    actions = {"download": Action(href, expires_in=links.seconds)}
    return ObjectAnswer(item.oid, file.size, authenticated=True, actions=actions)


async def answer_upload(
    services: Services, uploads: Uploads, caller: Principal, repository: Repository, batch: BatchRequest, links: Links
) -> BatchAnswer:
    """Addresses for the content the caller has to send. What the caller may use already needs none."""
    uploader = caller.uploader
    if uploader is None:
        raise Unauthenticated
    sound = {item.oid: item.size for item in batch.objects if item.problem is None}
    wanted = [bytes.fromhex(oid) for oid in sound]
    found = await services.database.read(services.store.usable_among, uploader, repository.id, wanted)
    usable = {sha256.hex(): file for sha256, file in found.items()}
    missing = {oid: size for oid, size in sound.items() if oid not in usable}
    parted: dict[str, Upload] = {}
    if "multipart" in batch.transfers and any(size > PART_SIZE for size in missing.values()):
        parted = await uploads.begin(uploader, ((oid, size) for oid, size in missing.items() if size))
    answers = [_upload(item, usable, parted, links) for item in batch.objects]
    return BatchAnswer("multipart" if parted else "basic", answers)


def _upload(
    item: ObjectRequest, usable: dict[str, StoredFile], parted: dict[str, Upload], links: Links
) -> ObjectAnswer:
    if item.problem or item.oid in usable:
        return _settled(item, usable)
    if (upload := parted.get(item.oid)) is not None and upload.size == item.size:
        return _in_parts(item, upload.count, links)
    return _whole(item, links)


def _settled(item: ObjectRequest, usable: dict[str, StoredFile]) -> ObjectAnswer:
    if item.problem:
        return _failure(item, 422, item.problem)
    size = usable[item.oid].size
    if size != item.size:
        return _failure(item, 422, f"the content has {size} bytes, not {item.size}")
    return ObjectAnswer(item.oid, item.size)


def _whole(item: ObjectRequest, links: Links) -> ObjectAnswer:
    actions = {
        "upload": Action(links.to("upload", item.oid, item.size), expires_in=links.seconds),
        "verify": Action(links.to("verify", item.oid, item.size), expires_in=links.seconds),
    }
    return ObjectAnswer(item.oid, item.size, authenticated=True, actions=actions)


def _in_parts(item: ObjectRequest, count: int, links: Links) -> ObjectAnswer:
    seconds = max(links.seconds, item.size // SLOWEST)
    header = {str(part): links.to("part", item.oid, item.size, part, seconds) for part in range(1, count + 1)}
    header["chunk_size"] = str(part_size(item.size))
    actions = {
        "upload": Action(links.to("complete", item.oid, item.size, seconds=seconds), header, seconds),
        "verify": Action(links.to("verify", item.oid, item.size, seconds=seconds), expires_in=seconds),
    }
    return ObjectAnswer(item.oid, item.size, authenticated=True, actions=actions)


def _failure(item: ObjectRequest, code: int, message: str) -> ObjectAnswer:
    return ObjectAnswer(item.oid[:64], item.size, error=ObjectError(code, message))
