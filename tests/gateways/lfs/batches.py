"""Calls of the batch API, as a client without a library makes them."""

import hashlib
from typing import Any

import httpx

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub

MEDIA_TYPE = "application/vnd.git-lfs+json"


def oid_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def post_batch(
    hub: Hub,
    repository: Repository,
    operation: str,
    *objects: tuple[str, int],
    user: str | None = "ada",
    prefix: str = "",
    **more: Any,
) -> httpx.Response:
    body = {"operation": operation, "objects": [{"oid": oid, "size": size} for oid, size in objects], **more}
    with hub.client(user) as http:
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        return http.post(f"{prefix}/{repository.full_name}.git/info/lfs/objects/batch", json=body, headers=headers)


def batch(hub: Hub, repository: Repository, operation: str, *objects: tuple[str, int], **more: Any) -> Any:
    """The objects of the answer."""
    answer = post_batch(hub, repository, operation, *objects, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    return answer.json()["objects"]


def upload(hub: Hub, repository: Repository, data: bytes, user: str = "ada") -> str:
    """Send content with a plain PUT; its oid."""
    oid = oid_of(data)
    [item] = batch(hub, repository, "upload", (oid, len(data)), user=user)
    if "actions" in item:
        put = httpx.put(item["actions"]["upload"]["href"], content=data)
        assert put.status_code == 200, put.text
    return oid
