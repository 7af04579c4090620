"""Uploads past the server, straight into an S3-compatible store."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from commonground.store.xet.hashing import to_hex
from tests.gateways.xet.cas import Cas, running
from tests.gateways.xet.conftest import ALICE, BOB, bearer
from tests.store.backends import seaweedfs
from tests.store.samples import noise, packed
from tests.store.xet.oracle import upload

BODY, XORB = packed(noise(300_000, 60))
NAME = to_hex(XORB.hash)


@pytest.fixture(scope="module")
def cas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cas]:
    with (
        seaweedfs.running() as url,
        running(tmp_path_factory.mktemp("cas") / "data", CAS_STORAGE=f"{url}&presign=true") as server,
    ):
        yield server


def granted(web: httpx.Client, headers: dict[str, str], name: str, body: bytes) -> dict[str, str]:
    answer = web.post(f"/v1/xorb-grants/default/{name}", json={"length": len(body)}, headers=headers)
    assert answer.status_code == 201
    grant: dict[str, str] = answer.json()
    assert httpx.request(grant["method"], grant["url"], content=body).status_code == 200
    return grant


def committed(web: httpx.Client, headers: dict[str, str], name: str, grant: dict[str, str]) -> httpx.Response:
    return web.post(f"/v1/xorb-commits/default/{name}/grant/{grant['id']}", headers=headers)


def test_the_real_client_uses_grants_and_reads_back(cas: Cas, web: httpx.Client) -> None:
    headers = bearer(cas.token(ALICE))
    files = {"a": noise(3_000_000, 61), "b": b"small"}
    hashes = upload(cas.settings.data / "client", files=files, **cas.client_options(ALICE))
    for name, data in files.items():
        plan = web.get(f"/v2/reconstructions/{to_hex(hashes[name])}", headers=headers)
        assert plan.status_code == 200
        assert sum(term["unpacked_length"] for term in plan.json()["terms"]) == len(data)
        for fetches in plan.json()["xorbs"].values():
            span = fetches[0]["ranges"][0]["bytes"]
            asked = {"Range": f"bytes={span['start']}-{span['end']}"}
            assert httpx.get(fetches[0]["url"], headers=asked).status_code == 206
    seen = cas.requests()
    assert "POST /xet/v1/xorb-commits/" in seen
    assert "POST /xet/v1/xorbs/" not in seen


def test_a_grant_is_for_one_upload_of_one_account(cas: Cas, web: httpx.Client) -> None:
    headers = bearer(cas.token(ALICE))
    grant = granted(web, headers, NAME, BODY)
    assert committed(web, bearer(cas.token(BOB)), NAME, grant).status_code == 400
    assert committed(web, headers, "1" * 64, grant).status_code == 400
    assert committed(web, headers, NAME, {"id": grant["id"][:-1]}).status_code == 401
    assert committed(web, headers, NAME, grant).json() == {"was_inserted": True}
    assert committed(web, headers, NAME, grant).status_code == 404
    again = web.post(f"/v1/xorb-grants/default/{NAME}", json={"length": len(BODY)}, headers=headers)
    assert again.status_code == 200, "the client need not send it"
    other = bearer(cas.token(BOB))
    assert committed(web, other, NAME, granted(web, other, NAME, BODY)).json() == {"was_inserted": False}


@pytest.mark.parametrize("body", [BODY[:-1], bytes(len(BODY)), BODY[:1000] + b"x" + BODY[1001:]])
def test_what_does_not_verify_is_refused(cas: Cas, web: httpx.Client, body: bytes) -> None:
    headers = bearer(cas.token(BOB + 1))
    answer = committed(web, headers, NAME, granted(web, headers, NAME, body))
    assert (answer.status_code, answer.json()["code"]) == (400, "CG-1301")
    assert web.head(f"/v1/xorbs/default/{NAME}", headers=headers).status_code == 404


def test_another_length_than_granted(cas: Cas, web: httpx.Client) -> None:
    headers = bearer(cas.token(BOB + 2))
    for length in (0, -1, 2**30):
        answer = web.post(f"/v1/xorb-grants/default/{NAME}", json={"length": length}, headers=headers)
        assert answer.status_code == 413
    answer = web.post(f"/v1/xorb-grants/default/{NAME}", json={"length": 5}, headers=headers)
    httpx.put(answer.json()["url"], content=BODY)
    assert committed(web, headers, NAME, answer.json()).status_code == 400


def test_nothing_was_uploaded(cas: Cas, web: httpx.Client) -> None:
    headers = bearer(cas.token(BOB + 3))
    answer = web.post(f"/v1/xorb-grants/default/{'2' * 64}", json={"length": 5}, headers=headers)
    assert committed(web, headers, "2" * 64, answer.json()).status_code == 404
