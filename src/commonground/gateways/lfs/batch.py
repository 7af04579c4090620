"""Decides, object by object, what a batch request may transfer and where."""

from collections.abc import Iterable

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.gateways.lfs.links import Links
from commonground.gateways.lfs.uploads import PART_SIZE, Uploads, part_size
from commonground.gateways.lfs.wire import Action, BatchAnswer, BatchRequest, ObjectAnswer, ObjectError, ObjectRequest
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
    sound = [item for item in batch.objects if item.problem is None]
    usable = await services.database.read(_usable, services, caller.account_id, repository.id, sound)
    missing = [item for item in sound if item.oid not in usable]
    multipart = "multipart" in batch.transfers and any(item.size > PART_SIZE for item in missing)
    answers = []
    for item in batch.objects:
        if item.problem or item.oid in usable:
            answers.append(_settled(item, usable))
        elif multipart and item.size > 0 and caller.account_id is not None:
            upload = await uploads.begin(caller.account_id, item.oid, item.size)
            answers.append(_in_parts(item, upload.count, links))
        else:
            answers.append(_whole(item, links))
    return BatchAnswer("multipart" if multipart else "basic", answers)


def _usable(
    connection: Connection,
    services: Services,
    account_id: int | None,
    repository_id: int,
    items: Iterable[ObjectRequest],
) -> dict[str, StoredFile]:
    found = {
        item.oid: services.store.usable(connection, account_id, repository_id, bytes.fromhex(item.oid))
        for item in items
    }
    return {oid: file for oid, file in found.items() if file is not None}


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
