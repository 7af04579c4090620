"""The batch API: what is offered to whom, and what the handed-out addresses do."""

import random
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from commonground.errors import ContentMissing
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddPointer, CommitRequest
from commonground.services import Services
from tests.gateways.git.server import Hub, principal_of
from tests.gateways.lfs.batches import batch, oid_of, post_batch, upload

_seeds = count()


@pytest.fixture
def data() -> bytes:
    """Content nobody has sent before."""
    return random.Random(f"lfs {next(_seeds)}").randbytes(100_000)


def link(hub: Hub, repository: Repository, oid: str, user: str = "ada") -> None:
    """Commit an LFS file."""

    async def work(services: Services) -> None:
        request = CommitRequest(title="Add", operations=[AddPointer(path=f"{oid[:8]}.bin", sha256=oid)])
        await services.revisions.commit(repository, await principal_of(services, user), "main", request)

    hub.run(work)


def test_content_is_sent_verified_committed_and_fetched(hub: Hub, repository: Repository, data: bytes) -> None:
    oid = oid_of(data)
    [item] = batch(hub, repository, "upload", (oid, len(data)))
    actions = item["actions"]
    assert httpx.post(actions["verify"]["href"], json={"oid": oid, "size": len(data)}).status_code == 404
    assert httpx.put(actions["upload"]["href"], content=data).status_code == 200
    assert httpx.post(actions["verify"]["href"], json={"oid": oid, "size": len(data)}).status_code == 200
    [missing] = batch(hub, repository, "download", (oid, len(data)))
    assert missing["error"]["code"] == 404
    link(hub, repository, oid)
    [item] = batch(hub, repository, "download", (oid, len(data)), user=None)
    href = item["actions"]["download"]["href"]
    assert httpx.get(href).content == data
    part = httpx.get(href, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])


def test_addresses_are_absolute_and_need_no_other_credentials(hub: Hub, repository: Repository, data: bytes) -> None:
    [item] = batch(hub, repository, "upload", (oid_of(data), len(data)))
    assert item["authenticated"] is True
    assert all(action["href"].startswith(hub.url(repository.full_name)) for action in item["actions"].values())


def test_what_was_sent_is_not_asked_for_again(hub: Hub, repository: Repository, data: bytes) -> None:
    oid = upload(hub, repository, data)
    [item] = batch(hub, repository, "upload", (oid, len(data)))
    assert "actions" not in item
    assert "error" not in item


def test_a_hash_is_not_a_key(hub: Hub, data: bytes) -> None:
    """Somebody else's private content is asked for again, and its hash alone opens nothing."""
    name = oid_of(data)[:10]
    secret = hub.create(f"secret-{name}", visibility="private")
    oid = upload(hub, secret, data)
    link(hub, secret, oid)

    async def create(services: Services) -> Repository:
        return await services.repositories.create(await principal_of(services, "eve"), "model", "eve", name)

    own = hub.run(create)
    [item] = batch(hub, own, "upload", (oid, len(data)), user="eve")
    assert "upload" in item["actions"]
    [item] = batch(hub, own, "download", (oid, len(data)), user="eve")
    assert item["error"]["code"] == 404
    with pytest.raises(ContentMissing):
        link(hub, own, oid, "eve")
    assert post_batch(hub, secret, "download", (oid, len(data)), user="eve").status_code == 404
    assert post_batch(hub, secret, "download", (oid, len(data)), user=None).status_code == 401
    [item] = batch(hub, own, "upload", (oid, len(data)), user="eve")
    assert httpx.put(item["actions"]["upload"]["href"], content=data).status_code == 200
    link(hub, own, oid, "eve")


def test_content_that_is_not_what_it_was_announced_as_is_refused(hub: Hub, repository: Repository, data: bytes) -> None:
    oid = oid_of(data)
    [item] = batch(hub, repository, "upload", (oid, len(data)))
    href = item["actions"]["upload"]["href"]
    for wrong in (data[:-1] + b"x", data[:-1], data + b"x", b""):
        answer = httpx.put(href, content=wrong)
        assert answer.status_code in {400, 413}, answer.text
        assert answer.json()["message"]
    [item] = batch(hub, repository, "upload", (oid, len(data)))
    assert "upload" in item["actions"]


def test_an_address_does_one_thing_with_one_object(hub: Hub, repository: Repository, data: bytes) -> None:
    [item] = batch(hub, repository, "upload", (oid_of(data), len(data)))
    address = urlsplit(item["actions"]["upload"]["href"])
    path, query = hub.url(address.path[1:]), address.query
    assert httpx.put(path, content=data).status_code == 401
    assert httpx.put(f"{path}?{query[:-2]}xx", content=data).status_code == 401
    assert httpx.get(f"{path}?{query}").status_code == 403
    other = path.replace(oid_of(data), oid_of(b"other"))
    assert httpx.put(f"{other}?{query}", content=b"other").status_code == 403


@pytest.mark.parametrize(
    ("oid", "size", "code"), [("abc", 1, 422), ("A" * 64, 1, 422), ("../" * 21 + "a", 1, 422), ("a" * 64, -1, 422)]
)
def test_a_malformed_object_fails_alone(hub: Hub, repository: Repository, oid: str, size: int, code: int) -> None:
    good, bad = batch(hub, repository, "upload", (oid_of(b"good one"), 8), (oid, size))
    assert "actions" in good
    assert bad["error"]["code"] == code


def test_a_known_object_with_another_size_is_refused(hub: Hub, repository: Repository, data: bytes) -> None:
    oid = upload(hub, repository, data)
    [item] = batch(hub, repository, "upload", (oid, 5))
    assert item["error"]["code"] == 422


@pytest.mark.parametrize(
    "more", [{"hash_algo": "sha512"}, {"transfers": ["ssh"]}, {"operation": "steal"}, {"objects": [{}]}, {"objects": 3}]
)
def test_a_malformed_batch_is_refused_with_a_message(hub: Hub, repository: Repository, more: dict[str, Any]) -> None:
    with hub.client() as http:
        body = {"operation": "upload", "objects": [], **more}
        answer = http.post(f"/{repository.full_name}.git/info/lfs/objects/batch", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_batch_has_a_limit(hub: Hub, repository: Repository) -> None:
    assert post_batch(hub, repository, "upload", *[("a" * 64, 1)] * 1001).status_code == 400


def test_who_may_upload(hub: Hub, repository: Repository) -> None:
    wanted = ("a" * 64, 1)
    anonymous = post_batch(hub, repository, "upload", wanted, user=None)
    assert anonymous.status_code == 401
    assert anonymous.headers["lfs-authenticate"].startswith("Basic")
    assert post_batch(hub, repository, "upload", wanted, user="eve").status_code == 403
    assert post_batch(hub, repository, "upload", wanted, prefix="/datasets").status_code == 404


def test_locks_are_not_offered(hub: Hub, repository: Repository) -> None:
    with hub.client() as http:
        assert http.post(f"/{repository.full_name}.git/info/lfs/locks/verify", json={}).status_code == 501
        assert http.get(f"/{repository.full_name}.git/info/lfs/locks").status_code == 501
