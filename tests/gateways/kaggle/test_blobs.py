"""Uploads that break off and go on, as Google Cloud Storage does it."""

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub
from tests.gateways.kaggle.calls import BLOBS, Caller, instance

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def ada(hub: Hub) -> Caller:
    return Caller(hub)


def ask(url: str, total: int) -> httpx.Response:
    return httpx.put(url, headers={"Content-Range": f"bytes */{total}"})


def send(url: str, start: int, end: int, total: int = len(CONTENT)) -> httpx.Response:
    return httpx.put(url, headers={"Content-Range": f"bytes {start}-{end - 1}/{total}"}, content=CONTENT[start:end])


def test_parts_are_put_together(ada: Caller, hub: Hub, repository: Repository) -> None:
    token, url = ada.begin("w.bin", len(CONTENT))
    nothing = ask(url, len(CONTENT))
    assert (nothing.status_code, nothing.headers.get("range")) == (308, None)
    first = send(url, 0, 100_000)
    assert (first.status_code, first.headers["range"]) == (308, "bytes=0-99999")
    again = send(url, 0, 100_000)  # what the client does when it missed the answer
    assert (again.status_code, again.headers["range"]) == (308, "bytes=0-99999")
    assert send(url, 100_000, len(CONTENT)).status_code == 200
    assert ask(url, len(CONTENT)).status_code == 200
    body = {"body": {"files": [{"token": token}]}}
    answer = ada.call("models.ModelApiService", "CreateModelInstanceVersion", **instance(repository.full_name), **body)
    assert answer.status_code == 200, answer.text
    assert hub.client().get(f"/{repository.full_name}/resolve/main/w.bin").content == CONTENT


def test_what_arrived_before_the_connection_broke_is_kept(ada: Caller) -> None:
    _, url = ada.begin("w.bin", len(CONTENT))
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port)) as connection:
        head = f"PUT {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {len(CONTENT)}\r\n"
        head += f"Content-Range: bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}\r\n\r\n"
        connection.sendall(head.encode() + CONTENT[:150_000])
        time.sleep(0.3)
    for _ in range(50):
        state = ask(url, len(CONTENT))
        if "range" in state.headers:
            break
        time.sleep(0.1)
    assert (state.status_code, state.headers["range"]) == (308, "bytes=0-149999")
    assert send(url, 150_000, len(CONTENT)).status_code == 200


def test_an_empty_file(ada: Caller, hub: Hub, repository: Repository) -> None:
    assert ada.publish(repository.full_name, "default", empty_txt=b"").status_code == 200
    assert hub.client().get(f"/{repository.full_name}/resolve/main/empty.txt").content == b""


@pytest.mark.parametrize(
    ("content_range", "status"),
    [
        ("bytes 0-9/11", 400),
        ("bytes 5-4/10", 400),
        ("bytes 0-10/10", 400),
        ("bytes a-b/10", 400),
        ("0-9/10", 400),
        ("bytes */99", 400),
        ("bytes 3-9/10", 308),
        (f"bytes 0-{10**30}/10", 400),
    ],
)
def test_ranges_that_do_not_fit(ada: Caller, content_range: str, status: int) -> None:
    _, url = ada.begin("a.txt", 10)
    answer = httpx.put(url, headers={"Content-Range": content_range}, content=b"x")
    assert answer.status_code == status
    assert "range" not in answer.headers


def test_a_body_is_no_longer_than_announced(ada: Caller) -> None:
    _, url = ada.begin("a.txt", 10)
    answer = httpx.put(url, content=b"x" * 11)
    assert answer.status_code == 413
    assert answer.json()["code"] == 413


@pytest.mark.parametrize("name", ["", "a/b", "x" * 300])
def test_names_that_are_none(ada: Caller, name: str) -> None:
    assert ada.call(BLOBS, "StartBlobUpload", name=name, contentLength=1).status_code == 400


def test_nobody_uploads(hub: Hub) -> None:
    answer = Caller(hub, None).call(BLOBS, "StartBlobUpload", name="a", contentLength=1)
    assert (answer.status_code, answer.json()["code"]) == (401, 401)


def test_addresses_cannot_be_forged(ada: Caller) -> None:
    _, url = ada.begin("a.txt", 1)
    head, _, tail = url.rpartition(".")
    for forged in (f"{head}.{tail[::-1]}", url[:-1], url.rpartition("/")[0] + "/x"):
        assert httpx.put(forged, content=b"x").status_code == 401


def test_a_token_is_of_no_use_to_others(hub: Hub, ada: Caller, repository: Repository) -> None:
    token = ada.upload("a.txt", b"a")
    eve = Caller(hub, "eve")
    assert eve.call("models.ModelApiService", "CreateModel", ownerSlug="eve", slug="thief").status_code in {200, 409}
    body = {"body": {"files": [{"token": token}]}}
    answer = eve.call("models.ModelApiService", "CreateModelInstanceVersion", **instance("eve/thief"), **body)
    assert (answer.status_code, "CG-1309" in answer.text) == (404, True)


def test_a_token_is_spent_once(ada: Caller, repository: Repository) -> None:
    token = ada.upload("a.txt", b"a")
    twice = {"body": {"files": [{"token": token}], "directories": [{"name": "b", "files": [{"token": token}]}]}}
    answer = ada.call("models.ModelApiService", "CreateModelInstanceVersion", **instance(repository.full_name), **twice)
    assert answer.status_code == 404


def test_an_upload_that_is_not_finished_is_not_published(ada: Caller, repository: Repository) -> None:
    token, _ = ada.begin("a.txt", 10)
    body = {"body": {"files": [{"token": token}]}}
    answer = ada.call("models.ModelApiService", "CreateModelInstanceVersion", **instance(repository.full_name), **body)
    assert answer.status_code == 400
    assert "only 0 of 10 bytes" in answer.json()["message"]
