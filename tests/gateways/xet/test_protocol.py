"""The Xet protocol on the wire."""

from __future__ import annotations

import email.parser
import hashlib
import json
import socket
from typing import Any

import httpx
import pytest

from commonground.store.xet.hashing import chunk_hash, keyed, to_hex
from commonground.store.xet.shard import parse_shard
from commonground.store.xet.xorb import iter_chunks
from tests.gateways.xet.cas import Cas
from tests.gateways.xet.conftest import ALICE, BOB, OPEN, SECRET, bearer
from tests.store.samples import file_of, noise, packed, shard_of, term_of

DATA = noise(900_000, 50)
BODY, XORB = packed(DATA)
NAME = to_hex(XORB.hash)
FILE = file_of([XORB], [term_of(XORB)], hashlib.sha256(DATA).digest())
FILE_NAME = to_hex(FILE.hash)
PARTS = file_of([XORB], [term_of(XORB, 6, 9), term_of(XORB, 1, 3), term_of(XORB, 6, 9)])
PARTS_NAME = to_hex(PARTS.hash)


@pytest.fixture(scope="module")
def alice(cas: Cas) -> dict[str, str]:
    return bearer(cas.token(ALICE))


@pytest.fixture(scope="module", autouse=True)
def uploaded(cas: Cas, alice: dict[str, str]) -> None:
    """A xorb with two files, the second of scattered chunks and linked to an open repository."""
    with httpx.Client(base_url=cas.url) as web:
        assert web.post(f"/v1/xorbs/default/{NAME}", content=BODY, headers=alice).json() == {"was_inserted": True}
        assert web.post("/v1/shards", content=shard_of(FILE, PARTS), headers=alice).json() == {"result": 1}
    cas.link(OPEN, ALICE, PARTS.hash)
    cas.link(SECRET, ALICE, FILE.hash)


def offset(chunk: int) -> int:
    return sum(c.length for c in XORB.chunks[:chunk])


class TestTokens:
    PATHS = (
        ("GET", f"/v1/chunks/default/{NAME}"),
        ("POST", f"/v1/xorbs/default/{NAME}"),
        ("HEAD", f"/v1/xorbs/default/{NAME}"),
        ("POST", f"/v1/xorb-grants/default/{NAME}"),
        ("POST", f"/v1/xorb-commits/default/{NAME}/grant/x"),
        ("POST", "/v1/shards"),
        ("POST", "/v2/shards"),
        ("GET", f"/v1/reconstructions/{NAME}"),
        ("GET", f"/v2/reconstructions/{NAME}"),
        ("POST", "/v1/reconstructions"),
        ("HEAD", f"/v1/files/{NAME}"),
        ("POST", "/v1/telemetry"),
    )

    @pytest.mark.parametrize(("method", "path"), PATHS)
    @pytest.mark.parametrize("kind", ["none", "wrong", "expired", "basic", "of another purpose"])
    def test_every_endpoint_wants_one(self, web: httpx.Client, cas: Cas, method: str, path: str, kind: str) -> None:
        headers = {
            "none": {},
            "wrong": bearer("nonsense"),
            "expired": bearer(cas.token(ALICE, seconds=-1)),
            "basic": {"Authorization": "Basic YTpi"},
            "of another purpose": bearer("e30.AAAA"),
        }[kind]
        assert web.request(method, path, headers=headers).status_code == 401

    @pytest.mark.parametrize("path", [path for method, path in PATHS if method == "POST" and "recon" not in path][:5])
    def test_writing_wants_one_for_writing(self, web: httpx.Client, cas: Cas, path: str) -> None:
        for token in (cas.token(ALICE, write=False), cas.token(None, OPEN)):
            assert web.post(path, content=b"small", headers=bearer(token)).status_code == 403


class TestXorbs:
    def test_a_second_upload_is_not_an_insertion(self, web: httpx.Client, cas: Cas) -> None:
        answer = web.post(f"/v1/xorbs/default/{NAME}", content=BODY, headers=bearer(cas.token(BOB + 1)))
        assert answer.json() == {"was_inserted": False}

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("0" * 64, BODY),
            ("x" * 64, BODY),
            ("short", BODY),
            (NAME, BODY[:-1]),
            (NAME, b""),
            (NAME, BODY[:100] + b"x" + BODY[101:]),
            (NAME, b"\x01" * 1000),
        ],
    )
    def test_what_does_not_verify(self, web: httpx.Client, alice: dict[str, str], name: str, body: bytes) -> None:
        answer = web.post(f"/v1/xorbs/default/{name}", content=body, headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (400, "CG-1301")

    def test_a_body_that_is_too_large_is_refused_unread(self, cas: Cas, alice: dict[str, str]) -> None:
        with socket.create_connection(("127.0.0.1", cas.port)) as connection:
            head = f"POST /xet/v1/xorbs/default/{NAME} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n"
            connection.sendall(f"{head}Authorization: {alice['Authorization']}\r\n\r\n".encode())
            assert b" 413 " in connection.recv(1000).split(b"\r\n")[0]

    def test_whether_the_caller_uploaded_it(self, web: httpx.Client, cas: Cas, alice: dict[str, str]) -> None:
        assert web.head(f"/v1/xorbs/default/{NAME}", headers=alice).status_code == 200
        assert web.head(f"/v1/xorbs/default/{NAME}", headers=bearer(cas.token(BOB))).status_code == 404

    def test_local_disks_give_no_grants(self, web: httpx.Client, alice: dict[str, str]) -> None:
        wanted = {"length": 1000, "checksum": {"algo": "crc64nvme", "value": "1"}}
        answer = web.post(f"/v1/xorb-grants/default/{'1' * 64}", json=wanted, headers=alice)
        assert answer.status_code == 404


class TestShards:
    def test_the_second_version_reports_in_lines(self, web: httpx.Client, alice: dict[str, str]) -> None:
        answer = web.post("/v2/shards", content=shard_of(FILE), headers=alice)
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["type"] for line in lines] == ["validating", "result"]

    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_refusals_have_a_reason(self, web: httpx.Client, cas: Cas, alice: dict[str, str], version: str) -> None:
        unknown = packed(noise(20_000, 51))[1]
        for body, headers, reason in (
            (b"nonsense" * 10, alice, "tag"),
            (shard_of(FILE)[:-1], alice, ""),
            (shard_of(file_of([unknown], [term_of(unknown)])), alice, "upload it first"),
            (shard_of(FILE), bearer(cas.token(BOB)), "not proven"),
        ):
            answer = web.post(f"/{version}/shards", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "CG-1302")
            assert reason in answer.json()["error"]

    def test_a_wrong_digest(self, web: httpx.Client, alice: dict[str, str]) -> None:
        lie = file_of([XORB], [term_of(XORB, 0, 4)], b"\x01" * 32)
        answer = web.post("/v1/shards", content=shard_of(lie), headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (400, "CG-1304")


class TestDedup:
    FIRST = to_hex(XORB.chunks[1].hash)

    @pytest.mark.parametrize("prefix", ["default", "default-merkledb"])
    def test_an_answer_is_a_keyed_shard(self, web: httpx.Client, alice: dict[str, str], prefix: str) -> None:
        shard = parse_shard(web.get(f"/v1/chunks/{prefix}/{self.FIRST}", headers=alice).content)
        assert shard.footer is not None
        assert shard.xorbs[0].chunks[1][0] == keyed(XORB.chunks[1].hash, shard.footer.key)

    def test_what_is_not_there_or_not_for_the_caller(self, web: httpx.Client, cas: Cas, alice: dict[str, str]) -> None:
        unknown = to_hex(chunk_hash(b"unknown"))
        assert web.get(f"/v1/chunks/default/{unknown}", headers=alice).status_code == 404
        private = to_hex(XORB.chunks[0].hash)
        assert web.get(f"/v1/chunks/default/{private}", headers=bearer(cas.token(BOB))).status_code == 404
        assert web.get(f"/v1/chunks/default/{self.FIRST}", headers=bearer(cas.token(BOB))).status_code == 200
        assert web.get(f"/v1/chunks/other/{self.FIRST}", headers=alice).status_code == 404
        assert web.get("/v1/chunks/default/nonsense", headers=alice).status_code == 400


def rebuild(web: httpx.Client, plan: dict[str, Any]) -> bytes:
    """What a client of the second version does, with single ranges."""

    chunks: dict[tuple[str, int], bytes] = {}
    for name, fetches in plan["xorbs"].items():
        for fetch in fetches:
            for span in fetch["ranges"]:
                low, high = span["bytes"]["start"], span["bytes"]["end"]
                answer = httpx.get(fetch["url"], headers={"Range": f"bytes={low}-{high}"})
                assert answer.status_code == 206
                for at, chunk in enumerate(iter_chunks(answer.content), span["chunks"]["start"]):
                    chunks[name, at] = chunk
    terms = [(term["hash"], at) for term in plan["terms"] for at in range(term["range"]["start"], term["range"]["end"])]
    return b"".join(chunks[key] for key in terms)[plan["offset_into_first_range"] :]


class TestReconstruction:
    CONTENT = DATA[offset(6) : offset(9)] + DATA[offset(1) : offset(3)] + DATA[offset(6) : offset(9)]

    def test_both_versions_describe_the_file(self, web: httpx.Client, cas: Cas) -> None:
        anonymous = bearer(cas.token(None, OPEN, write=False))
        second = web.get(f"/v2/reconstructions/{PARTS_NAME}", headers=anonymous).json()
        assert rebuild(web, second) == self.CONTENT
        first = web.get(f"/v1/reconstructions/{PARTS_NAME}", headers=anonymous).json()
        assert first["terms"] == second["terms"]
        spans = [(f["url_range"]["start"], f["url_range"]["end"]) for f in first["fetch_info"][NAME]]
        assert len(spans) == 2
        for fetch in first["fetch_info"][NAME]:
            span = f"bytes={fetch['url_range']['start']}-{fetch['url_range']['end']}"
            assert httpx.get(fetch["url"], headers={"Range": span}).status_code == 206

    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [
            ("bytes=0-0", 0, 1),
            ("bytes=100-200000", 100, 200_001),
            ("bytes=250000-", 250_000, None),
            ("bytes=200000-18446744073709551614", 200_000, None),
        ],
    )
    def test_a_range(self, web: httpx.Client, alice: dict[str, str], asked: str, start: int, end: int | None) -> None:
        plan = web.get(f"/v2/reconstructions/{PARTS_NAME}", headers=alice | {"Range": asked}).json()
        expected = self.CONTENT[start:end]
        assert rebuild(web, plan)[: len(expected)] == expected

    def test_the_end_of_a_file_is_416(self, web: httpx.Client, alice: dict[str, str]) -> None:
        asked = {"Range": f"bytes={len(self.CONTENT)}-"}
        answer = web.get(f"/v2/reconstructions/{PARTS_NAME}", headers=alice | asked)
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(self.CONTENT)}"
        wrong = web.get(f"/v2/reconstructions/{PARTS_NAME}", headers=alice | {"Range": "lines=1-2"})
        assert wrong.status_code == 400

    def test_only_through_a_repository_or_an_upload(self, web: httpx.Client, cas: Cas) -> None:
        for version in ("v1", "v2"):
            for account, repository, status in (
                (BOB, OPEN, 404),
                (None, None, 404),
                (BOB, None, 404),
                (None, SECRET, 200),
                (ALICE, None, 200),
            ):
                headers = bearer(cas.token(account, repository, write=False))
                assert web.get(f"/{version}/reconstructions/{FILE_NAME}", headers=headers).status_code == status
        assert web.get("/v2/reconstructions/nonsense", headers=bearer(cas.token(ALICE))).status_code == 400

    def test_several_files_at_once(self, web: httpx.Client, alice: dict[str, str]) -> None:
        answers = [
            web.get("/v1/reconstructions", params={"file_id": [FILE_NAME, PARTS_NAME]}, headers=alice).json(),
            web.post("/v1/reconstructions", json=[FILE_NAME, PARTS_NAME], headers=alice).json(),
        ]
        for answer in answers:
            assert set(answer["files"]) == {FILE_NAME, PARTS_NAME}
            assert len(answer["files"][PARTS_NAME]) == 3
            assert len(answer["fetch_info"][NAME]) == 3
        unknown = web.post("/v1/reconstructions", json=["1" * 64], headers=alice)
        assert unknown.status_code == 404
        assert web.post("/v1/reconstructions", json={"a": 1}, headers=alice).status_code == 400

    def test_the_size_of_a_file(self, web: httpx.Client, cas: Cas, alice: dict[str, str]) -> None:
        answer = web.head(f"/v1/files/{FILE_NAME}", headers=alice)
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(DATA)))
        assert web.head(f"/v1/files/{FILE_NAME}", headers=bearer(cas.token(BOB))).status_code == 404


class TestXorbBytes:
    @pytest.fixture
    def whole(self, web: httpx.Client, alice: dict[str, str]) -> str:
        plan = web.get(f"/v2/reconstructions/{FILE_NAME}", headers=alice).json()
        return str(plan["xorbs"][NAME][0]["url"])

    @pytest.fixture
    def scattered(self, web: httpx.Client, alice: dict[str, str]) -> tuple[str, list[tuple[int, int]]]:
        plan = web.get(f"/v2/reconstructions/{PARTS_NAME}", headers=alice).json()
        [fetch] = plan["xorbs"][NAME]
        return fetch["url"], [(r["bytes"]["start"], r["bytes"]["end"]) for r in fetch["ranges"]]

    def test_whole(self, whole: str) -> None:
        answer = httpx.get(whole)
        assert (answer.status_code, answer.content) == (200, BODY)
        answer = httpx.get(whole, headers={"Range": f"bytes=0-{len(BODY) - 1}"})
        assert (answer.status_code, answer.content) == (206, BODY)
        assert answer.headers["content-range"] == f"bytes 0-{len(BODY) - 1}/{len(BODY)}"
        assert httpx.head(whole).headers["content-length"] == str(len(BODY))

    def test_one_range(self, whole: str) -> None:
        answer = httpx.get(whole, headers={"Range": "bytes=1000-300000"})
        assert (answer.status_code, answer.content) == (206, BODY[1000:300_001])
        assert httpx.get(whole, headers={"Range": f"bytes={len(BODY)}-"}).status_code == 416

    def test_several_ranges(self, scattered: tuple[str, list[tuple[int, int]]]) -> None:
        url, spans = scattered
        asked = ",".join(f"{low}-{high}" for low, high in spans)
        answer = httpx.get(url, headers={"Range": f"bytes={asked}"})
        assert answer.status_code == 206
        assert len(answer.content) == int(answer.headers["content-length"])
        head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
        parts = email.parser.BytesParser().parsebytes(head + answer.content).get_payload()
        assert isinstance(parts, list)
        for part, (low, high) in zip(parts, spans, strict=True):
            assert part["content-range"] == f"bytes {low}-{high}/{len(BODY)}"
            assert BODY[low : high + 1] in answer.content

    def test_an_address_opens_nothing_but_its_ranges(self, scattered: tuple[str, list[tuple[int, int]]]) -> None:
        url, spans = scattered
        (low, high), (other, _) = spans
        for asked in (
            f"bytes={low}-{high + 1}",
            f"bytes={low - 1}-{high}",
            f"bytes={low}-{other}",
            "bytes=0-",
            f"bytes={low}-{high},0-10",
        ):
            assert httpx.get(url, headers={"Range": asked}).status_code == 403
        assert httpx.get(url).status_code == 403
        assert httpx.get(url, headers={"Range": f"bytes={low + 5}-{high - 5}"}).status_code == 206

    def test_an_address_cannot_be_made_up(self, cas: Cas, web: httpx.Client, whole: str) -> None:
        other_body, other = packed(noise(100_000, 52))
        web.post(f"/v1/xorbs/default/{to_hex(other.hash)}", content=other_body, headers=bearer(cas.token(BOB)))
        for url in (
            whole[:-2],
            whole + "x",
            whole.split("?", maxsplit=1)[0],
            whole.split("?", maxsplit=1)[0] + "?grant=" + cas.token(ALICE),
            whole.replace(NAME, to_hex(other.hash)),
        ):
            assert httpx.get(url).status_code == 403


def test_figures_of_clients_are_taken(web: httpx.Client, alice: dict[str, str]) -> None:
    assert web.post("/v1/telemetry", json={"metrics": {}}, headers=alice).status_code == 200
    assert web.post("/v1/telemetry", content=bytes(2**20 + 1), headers=alice).status_code == 413
