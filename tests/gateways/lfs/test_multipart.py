"""Uploads in parts."""

import asyncio
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from commonground.gateways.lfs import queries
from commonground.gateways.lfs.uploads import PART_LIMIT, PART_SIZE, Uploads, part_size
from commonground.hub.repositories.model import Repository
from commonground.services import Services
from commonground.settings import Settings
from tests.gateways.git.server import Hub
from tests.gateways.lfs.batches import batch, oid_of

DATA = random.Random("parts").randbytes(2 * PART_SIZE + 1234)


def begin(hub: Hub, repository: Repository, data: bytes, user: str = "ada") -> tuple[Any, list[str]]:
    """The actions, and the addresses of the parts in order."""
    [item] = batch(hub, repository, "upload", (oid_of(data), len(data)), user=user, transfers=["basic", "multipart"])
    header = item["actions"]["upload"]["header"]
    assert int(header["chunk_size"]) == PART_SIZE
    numbers = sorted(int(name) for name in header if name.isdigit())
    assert numbers == list(range(1, -(-len(data) // PART_SIZE) + 1))
    return item["actions"], [header[str(number)] for number in numbers]


def part(data: bytes, number: int) -> bytes:
    return data[(number - 1) * PART_SIZE : number * PART_SIZE]


def completion(etags: list[str]) -> dict[str, Any]:
    parts = [{"partNumber": number, "etag": etag} for number, etag in enumerate(etags, 1)]
    return {"oid": oid_of(DATA), "parts": parts}


def stored_parts(hub: Hub) -> set[Path]:
    return {path for path in (hub.settings.data / "store" / "uploads" / "lfs").rglob("*") if path.is_file()}


def test_parts_in_any_order_become_one_file(hub: Hub, repository: Repository) -> None:
    before = stored_parts(hub)
    actions, urls = begin(hub, repository, DATA)
    etags = {}
    for number in (3, 1):
        etags[number] = httpx.put(urls[number - 1], content=part(DATA, number)).headers["etag"]
    early = httpx.post(actions["upload"]["href"], json=completion(list(etags.values())))
    assert early.status_code == 400
    assert "2 of 3 parts" in early.json()["message"]

    assert len(stored_parts(hub) - before) == 2

    actions, urls = begin(hub, repository, DATA)  # another process of the same user goes on where the first one ended
    etags[2] = httpx.put(urls[1], content=part(DATA, 2)).headers["etag"]
    in_order = [etags[number] for number in (1, 2, 3)]
    assert httpx.post(actions["upload"]["href"], json=completion(in_order[::-1])).status_code == 400
    assert httpx.post(actions["verify"]["href"], json={}).status_code == 404
    assert httpx.post(actions["upload"]["href"], json=completion(in_order), timeout=60).status_code == 200
    assert httpx.post(actions["verify"]["href"], json={}).status_code == 200
    assert httpx.post(actions["upload"]["href"], json=completion(in_order)).status_code == 200, "sent twice"
    assert stored_parts(hub) == before, "the parts are gone"


def test_parts_that_make_up_something_else_are_refused(hub: Hub, repository: Repository) -> None:
    data = b"\0" * (PART_SIZE + 1)
    actions, urls = begin(hub, repository, data)
    first = httpx.put(urls[0], content=b"x" * PART_SIZE).headers["etag"]
    second = httpx.put(urls[1], content=b"x").headers["etag"]
    answer = httpx.post(actions["upload"]["href"], json=completion([first, second]), timeout=60)
    assert answer.status_code == 400
    assert "digest" in answer.json()["message"]


@pytest.mark.parametrize("body", [b"", b"x" * (PART_SIZE - 1), b"x" * (PART_SIZE + 1)])
def test_a_part_has_exactly_its_length(hub: Hub, repository: Repository, body: bytes) -> None:
    _, urls = begin(hub, repository, DATA + b"more")
    assert httpx.put(urls[0], content=body).status_code in {400, 413}


def test_nobody_continues_the_upload_of_another_account(hub: Hub, repository: Repository) -> None:
    data = DATA + b"mine"
    _, urls = begin(hub, repository, data)
    assert httpx.put(urls[0], content=part(data, 1)).status_code == 200
    own = hub.create("shared-parts")
    [item] = batch(hub, own, "upload", (oid_of(data), len(data)), transfers=["basic"])
    assert "chunk_size" not in item["actions"]["upload"].get("header", {})
    swapped = urls[1].replace("/parts/2", "/parts/1")
    assert httpx.put(swapped, content=part(data, 1)).status_code == 403


def test_large_files_have_larger_parts() -> None:
    assert part_size(5) == part_size(PART_SIZE * PART_LIMIT) == PART_SIZE
    huge = 10**12
    assert -(-huge // part_size(huge)) <= PART_LIMIT


def test_uploads_nobody_ends_are_reaped(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    late = Settings(data=tmp_path, upload_lease_seconds=-1)

    async def main() -> None:
        async with await Services.open(settings) as services:
            uploads = Uploads(services.database, services.store, settings)
            upload = (await uploads.begin(1, [(oid_of(b"x"), 5)]))[oid_of(b"x")]
            await services.store.backend.put(f"uploads/lfs/{upload.id}/1", b"12345")
            assert await uploads.reap() == 0
            assert await Uploads(services.database, services.store, late).reap() == 1
            assert [found async for found in services.store.backend.list("uploads")] == []
            assert await services.database.read(queries.find, upload.id) is None

    asyncio.run(main())
