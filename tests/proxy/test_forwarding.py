"""The forwarders: every call goes to the hub and back, as it is."""

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from tests.proxy.conftest import HUBCONF, program
from tests.sdk.live import TOKENS

ALICE = {"Authorization": f"Bearer {TOKENS['alice']}"}
FILES = "/api/cg/v1/repositories/models/alice/tiny/files/main"


@pytest.fixture(scope="module")
def forwarder(hub: str) -> Iterator[httpx.Client]:
    with program("kaggle", "--hub", hub) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def test_a_call_and_its_answer_pass_unchanged(forwarder: httpx.Client, hub: str) -> None:
    path = "/alice/tiny/resolve/main/hubconf.py"
    there, here = httpx.get(hub + path), forwarder.get(path)
    assert here.content == there.content == HUBCONF
    kept = ("etag", "content-type", "content-length", "x-repo-commit", "accept-ranges")
    assert [here.headers[name] for name in kept] == [there.headers[name] for name in kept]


def test_ranges_errors_and_heads(forwarder: httpx.Client) -> None:
    path = "/alice/tiny/resolve/main/hubconf.py"
    part = forwarder.get(path, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, HUBCONF[2:5])
    assert forwarder.head(path).headers["content-length"] == str(len(HUBCONF))
    assert forwarder.get("/alice/none/resolve/main/x").status_code == 401
    assert forwarder.get("/nowhere").status_code == 404


def test_the_credentials_of_the_caller_go_along_and_no_others(forwarder: httpx.Client) -> None:
    path = "/api/cg/v1/repositories/models/alice/secret"
    assert forwarder.get(path).status_code == 404
    assert forwarder.get(path, headers=ALICE).json()["id"] == "alice/secret"


def test_bodies_stream_both_ways(forwarder: httpx.Client) -> None:
    parts = [bytes([number]) * 2**20 for number in range(12)]
    sent = forwarder.put(f"{FILES}/large.bin", content=iter(parts), headers=ALICE)  # chunked
    assert sent.status_code == 201, sent.text
    digest = hashlib.sha256()
    with forwarder.stream("GET", f"{FILES}/large.bin") as answer:
        for part in answer.iter_bytes():
            digest.update(part)
    assert digest.digest() == hashlib.sha256(b"".join(parts)).digest()


def test_pages_in_a_browser_are_refused(forwarder: httpx.Client) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example:7777"},
    ):
        assert forwarder.get("/healthz", headers=headers).status_code == 403
    assert forwarder.get("/healthz", headers={"Host": "localhost:7777"}).status_code == 200


def test_a_hub_that_is_away_is_a_bad_gateway() -> None:
    with program("kaggle", "--hub", "http://127.0.0.1:9") as address:
        answer = httpx.get(f"{address}/healthz")
    assert (answer.status_code, "127.0.0.1:9" in answer.text) == (502, True)


def test_with_a_token_it_forwards_what_reads_models_and_nothing_else(hub: str) -> None:
    with program("ollama", "--hub", hub, token=TOKENS["alice"]) as address, httpx.Client(base_url=address) as client:
        assert client.get("/v2/alice/secret/manifests/main").status_code == 200
        for method, path in (
            ("GET", "/api/cg/v1/repositories/models/alice/secret"),
            ("GET", "/v2/alice/secret/tags/list"),
            ("GET", "/v2/alice/secret/manifests/../../../../api/whoami-v2"),
            ("GET", "/v2/alice/secret/manifests/..%2F..%2Ftags%2Flist"),
            ("DELETE", "/v2/alice/secret/manifests/main"),
            ("PUT", "/v2/alice/secret/manifests/main"),
        ):
            answer = client.request(method, httpx.URL(address).copy_with(raw_path=path.encode()))
            assert answer.status_code == 403, path
