"""Uploading files in the browser."""

import hashlib
import os

import pytest

from commonground.hub.repositories.model import Repository
from tests.web.hub import Hub

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bert(hub: Hub) -> Repository:
    return await hub.repository()


async def read(hub: Hub, repository: Repository, path: str) -> bytes:
    _, entry = await hub.services.revisions.entry(repository, "main", path)
    return await hub.services.revisions.read(repository, entry)


async def test_several_files_are_one_commit(hub: Hub, bert: Repository) -> None:
    weights = os.urandom(300_000)
    files = [("files", ("model.safetensors", weights)), ("files", ("说明.txt", b"notes\n"))]
    answer = await hub.ada.post("/ada/bert/upload/main", data={"path": "v1/", "title": ""}, files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ada/bert/tree/main/v1")
    assert await read(hub, bert, "v1/说明.txt") == b"notes\n"
    _, entry = await hub.services.revisions.entry(bert, "main", "v1/model.safetensors")
    assert entry.lfs is not None
    assert entry.lfs.sha256 == hashlib.sha256(weights).hexdigest()
    commit = await hub.services.revisions.commit_info(bert, "main")
    assert (commit.title, commit.author_name) == ("Upload 2 files", "ada")


async def test_the_form_is_offered_to_those_who_may_write(hub: Hub, bert: Repository) -> None:
    assert 'enctype="multipart/form-data"' in (await hub.ada.get("/ada/bert/upload/main")).text
    assert "/ada/bert/upload/main" in (await hub.ada.get("/ada/bert/tree/main")).text
    assert "/upload/" not in (await hub.visitor.get("/ada/bert/tree/main")).text
    assert (await hub.visitor.get("/ada/bert/upload/main")).headers["location"].startswith("/login")
    sent = await hub.visitor.post("/ada/bert/upload/main", files=[("files", ("a.txt", b"x"))])
    assert sent.headers["location"].startswith("/login")


@pytest.mark.parametrize(
    ("folder", "name", "status"),
    [("", "", 422), ("..", "a.txt", 400), (".git", "config", 400), ("a//b", "c", 400), ("", "../../a.txt", 303)],
)
async def test_what_cannot_be_written(hub: Hub, bert: Repository, folder: str, name: str, status: int) -> None:
    before = await hub.services.revisions.resolve(bert, "main")
    answer = await hub.ada.post("/ada/bert/upload/main", data={"path": folder}, files=[("files", (name, b"x"))])
    assert answer.status_code == status
    if status != 303:
        assert 'role="alert"' in answer.text
        assert await hub.services.revisions.resolve(bert, "main") == before
    else:
        assert await read(hub, bert, "a.txt") == b"x", "only the last part of a name is taken"


async def test_a_body_that_breaks_off_changes_nothing(hub: Hub, bert: Repository) -> None:
    before = await hub.services.revisions.resolve(bert, "main")
    broken = b'--xx\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nhalf'
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    answer = await hub.ada.post("/ada/bert/upload/main", content=broken, headers=headers)
    assert answer.status_code == 400
    assert await hub.services.revisions.resolve(bert, "main") == before
