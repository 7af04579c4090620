"""The cases of the official conformance suite of the distribution specification, version 1.1: data sets x calls."""

import json
import random

import httpx
import pytest

from tests.gateways.oci.datasets import MAKERS, DataSet, make
from tests.gateways.oci.registry import INDEX, MANIFEST, Registry, code, descriptor, digest_of, encoded

ALGORITHMS = ("sha256", "sha512")
BLOB = random.Random("blob").randbytes(3000)
OCTETS = {"Content-Type": "application/octet-stream"}


def pushed(registry: Registry, name: str, algorithm: str) -> DataSet:
    """A data set, pushed by digest and then under the tag ``name``."""
    data = make(name, algorithm)
    for blob in data.blobs:
        registry.push_blob(blob, algorithm)
    for number, (body, media_type) in enumerate(data.manifests):
        answer = registry.push(data.digest(number), body, media_type)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Docker-Content-Digest"] == data.digest(number)
        subject = json.loads(body).get("subject")
        assert answer.headers.get("OCI-Subject") == (subject["digest"] if subject else None)
        assert registry.follow("GET", answer).content == body
    body, media_type = data.manifests[-1]
    assert registry.push(name, body, media_type).status_code == 201
    return data


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", MAKERS)
def test_what_is_pushed_is_answered_listed_and_deleted(registry: Registry, name: str, algorithm: str) -> None:
    data = pushed(registry, name, algorithm)
    by_tag = algorithm == "sha256"  # a tag has the digest that clients assume, unless it was pushed together with one
    for number, (body, media_type) in enumerate(data.manifests):
        last = [name] if by_tag and number == len(data.manifests) - 1 else []
        for reference in [data.digest(number), *last]:
            for method in ("GET", "HEAD"):
                answer = registry.ask(method, f"manifests/{reference}")
                assert answer.status_code == 200
                assert answer.headers["Docker-Content-Digest"] == data.digest(number)
                assert answer.headers["Content-Type"] == media_type
                assert answer.headers["Content-Length"] == str(len(body))
                assert answer.content == (body if method == "GET" else b"")
    for blob in data.blobs:
        for method in ("GET", "HEAD"):
            answer = registry.ask(method, f"blobs/{digest_of(blob, algorithm)}")
            assert answer.status_code == 200
            assert answer.headers["Content-Length"] == str(len(blob))
            assert answer.headers["Docker-Content-Digest"] == digest_of(blob, algorithm)
            assert answer.content == (blob if method == "GET" else b"")
    assert name in registry.tags()
    check_referrers(registry, data)
    check_deleting(registry, data, name)


def check_referrers(registry: Registry, data: DataSet) -> None:
    for subject, number in data.subjects.items():
        body, media_type = data.manifests[number]
        parsed = json.loads(body)
        kind = parsed.get("artifactType") or parsed["config"]["mediaType"]
        for query in ({}, {"artifactType": kind}):
            answer = registry.ask("GET", f"referrers/{subject}", params=query)
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, INDEX)
            index = answer.json()
            assert (index["schemaVersion"], index["mediaType"]) == (2, INDEX)
            found = [item for item in index["manifests"] if item["digest"] == data.digest(number)]
            wanted = {
                "mediaType": media_type,
                "digest": data.digest(number),
                "size": len(body),
                "artifactType": kind,
            } | ({"annotations": parsed["annotations"]} if "annotations" in parsed else {})
            assert found == [wanted]
            assert answer.headers.get("OCI-Filters-Applied") == ("artifactType" if query else None)
        other = registry.ask("GET", f"referrers/{subject}", params={"artifactType": "application/vnd.other"})
        assert other.json()["manifests"] == []


def check_deleting(registry: Registry, data: DataSet, tag: str) -> None:
    tagged = digest_of(data.manifests[-1][0])
    extra = [] if data.algorithm == "sha256" else [tagged]  # the tag was pushed under its SHA-256
    for reference in [tag, *(data.digest(number) for number in reversed(range(len(data.manifests)))), *extra]:
        assert registry.ask("DELETE", f"manifests/{reference}").status_code == 202
        assert registry.ask("HEAD", f"manifests/{reference}").status_code == 404
    for blob in {digest_of(blob, data.algorithm) for blob in data.blobs}:
        assert registry.ask("DELETE", f"blobs/{blob}").status_code == 202
        assert registry.ask("HEAD", f"blobs/{blob}").status_code == 404
    assert tag not in registry.tags()


# --- sending blobs --------------------------------------------------------------------------------------------------------


def at_once(registry: Registry, data: bytes, digest: str) -> httpx.Response:
    return registry.ask("POST", "blobs/uploads/", params={"digest": digest}, content=data, headers=OCTETS)


def in_two(registry: Registry, data: bytes, digest: str) -> httpx.Response:
    started = registry.ask("POST", "blobs/uploads/")
    return registry.follow("PUT", started, params={"digest": digest}, content=data, headers=OCTETS)


def streamed(registry: Registry, data: bytes, digest: str) -> httpx.Response:
    started = registry.ask("POST", "blobs/uploads/")
    sent = registry.follow("PATCH", started, content=iter([data[:100], data[100:]]), headers=OCTETS)
    assert sent.status_code == 202
    return registry.follow("PUT", sent, params={"digest": digest}, headers={"Content-Length": "0"})


def chunk(data: bytes, start: int, end: int) -> dict[str, str]:
    return {**OCTETS, "Content-Range": f"{start}-{min(end, len(data)) - 1}"}


def in_chunks(registry: Registry, data: bytes, digest: str, size: int = 1000) -> httpx.Response:
    answer = registry.ask("POST", "blobs/uploads/")
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        answer = registry.follow("PATCH", answer, content=piece, headers=chunk(data, start, start + size))
        assert (answer.status_code, answer.headers["Range"]) == (202, f"0-{start + len(piece) - 1}")
    return registry.follow("PUT", answer, params={"digest": digest}, headers={"Content-Length": "0"})


def last_chunk_by_put(registry: Registry, data: bytes, digest: str) -> httpx.Response:
    started = registry.ask("POST", "blobs/uploads/")
    first = registry.follow("PATCH", started, content=data[:1000], headers=chunk(data, 0, 1000))
    rest = chunk(data, 1000, len(data))
    return registry.follow("PUT", first, params={"digest": digest}, content=data[1000:], headers=rest)


FLOWS = (at_once, in_two, streamed, in_chunks, last_chunk_by_put)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("flow", FLOWS)
def test_a_blob_arrives(registry: Registry, flow: object, algorithm: str) -> None:
    digest = digest_of(BLOB, algorithm)
    answer = flow(registry, BLOB, digest)  # type: ignore[operator]
    assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (201, digest)
    assert registry.follow("GET", answer).content == BLOB


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("flow", FLOWS)
def test_a_blob_with_another_digest_is_refused(registry: Registry, flow: object, algorithm: str) -> None:
    digest = digest_of(BLOB, algorithm)
    answer = flow(registry, BLOB + b"oh no", digest)  # type: ignore[operator]
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")
    assert registry.ask("HEAD", f"blobs/{digest}").status_code == 404


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("data", [b"", b"{}"])
@pytest.mark.parametrize("flow", [at_once, in_two, in_chunks])
def test_well_known_contents(registry: Registry, flow: object, data: bytes, algorithm: str) -> None:
    digest = digest_of(data, algorithm)
    assert flow(registry, data, digest).status_code == 201  # type: ignore[operator]
    assert registry.blob(digest).content == data
    assert registry.ask("DELETE", f"blobs/{digest}").status_code == 202
    assert registry.blob(digest).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_chunks_out_of_order_are_refused_and_the_upload_goes_on(registry: Registry, method: str) -> None:
    digest = digest_of(BLOB)
    answer = registry.ask("POST", "blobs/uploads/")
    for start in range(0, len(BLOB), 1000):
        wrong = 0 if start else 2000
        query = {"digest": digest} if method == "PUT" else {}
        early = registry.follow(
            method, answer, params=query, content=BLOB[wrong : wrong + 1000], headers=chunk(BLOB, wrong, wrong + 1000)
        )
        assert (early.status_code, code(early)) == (416, "BLOB_UPLOAD_INVALID")
        state = registry.follow("GET", answer)
        assert (state.status_code, state.headers["Range"]) == (204, f"0-{max(0, start - 1)}")
        answer = registry.follow(
            "PATCH", state, content=BLOB[start : start + 1000], headers=chunk(BLOB, start, start + 1000)
        )
        assert answer.status_code == 202
    assert registry.follow("PUT", answer, params={"digest": digest}).status_code == 201
    assert registry.blob(digest).content == BLOB


def test_an_upload_is_cancelled(registry: Registry) -> None:
    started = registry.ask("POST", "blobs/uploads/")
    assert registry.follow("DELETE", started).status_code == 204
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = registry.follow(method, started, params={"digest": digest_of(b"")})
        assert answer.status_code == 404
        assert method == "HEAD" or code(answer) == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_blob_is_mounted(registry: Registry, algorithm: str) -> None:
    data = BLOB + registry.name.encode()
    digest = registry.push_blob(data, algorithm)
    other = Registry(registry.hub, registry.name + "-other")
    absent = {"mount": digest_of(data + b"!", algorithm), "from": registry.name}
    refused = other.ask("POST", "blobs/uploads/", params=absent)
    assert refused.status_code == 202
    assert other.follow("GET", refused).status_code == 204
    assert other.ask("HEAD", f"blobs/{digest}").status_code == 404
    answer = other.ask("POST", "blobs/uploads/", params={"mount": digest, "from": registry.name})
    assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (201, digest)
    assert other.follow("GET", answer).content == data
    anywhere = Registry(registry.hub, registry.name + "-third").ask("POST", "blobs/uploads/", params={"mount": digest})
    assert anywhere.status_code == 201


# --- ranges -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-499", 0, 500), ("bytes=500-", 500, 3000), ("bytes=-500", 2500, 3000), ("bytes=2000-5000", 2000, 3000)],
)
def test_a_part_of_a_blob(registry: Registry, header: str, start: int, end: int) -> None:
    answer = registry.blob(registry.push_blob(BLOB), Range=header)
    assert (answer.status_code, answer.content) == (206, BLOB[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/3000"


@pytest.mark.parametrize("header", ["bytes=500-0", "bytes=5000-10000"])
def test_no_part_of_a_blob(registry: Registry, header: str) -> None:
    answer = registry.blob(registry.push_blob(BLOB), Range=header)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */3000")


# --- lists ------------------------------------------------------------------------------------------------------------------


def test_tags_come_in_pages(registry: Registry) -> None:
    data = make("image")
    for blob in data.blobs:
        registry.push_blob(blob)
    names = ["Zed", "a", "b.1", "b_2", "z"]
    for name in names:
        assert registry.push(name, *data.manifests[0]).status_code == 201
    every = [*names[:-1], "main", "z"]
    assert registry.tags() == sorted(every)
    assert registry.tags(n=0) == []
    assert registry.tags(last="b.1") == ["b_2", "main", "z"]
    assert registry.tags(n=2, last="b") == ["b.1", "b_2"]
    found, address = [], f"v2/{registry.name}/tags/list?n=4"
    while address:
        answer = registry.http.get(address)
        found.append(answer.json()["tags"])
        address = answer.links.get("next", {}).get("url", "")
    assert found == [sorted(every)[:4], sorted(every)[4:]]
    assert code(registry.ask("GET", "tags/list", params={"n": "many"})) == "UNKNOWN"


def test_tags_given_with_a_digest(registry: Registry) -> None:
    data = make("image", "sha512")
    for blob in data.blobs:
        registry.push_blob(blob, "sha512")
    answer = registry.push(data.digest(0), *data.manifests[0], params={"tag": ["one", "two"]})
    assert (answer.status_code, answer.headers["OCI-Tag"]) == (201, "one, two")
    for tag in ("one", "two"):
        assert registry.manifest(tag).headers["Docker-Content-Digest"] == data.digest(0)


def test_an_empty_repository(registry: Registry) -> None:
    assert code(registry.ask("GET", "tags/list")) == "NAME_UNKNOWN"
    registry.push_blob(b"x")
    assert registry.tags() == ["main"]
    index = registry.ask("GET", f"referrers/{digest_of(b'x')}")
    assert (index.status_code, index.json()["manifests"]) == (200, [])


# --- refusals ---------------------------------------------------------------------------------------------------------------


def test_manifests_that_are_not_there(registry: Registry) -> None:
    registry.push_blob(b"{}")
    for reference in ("missing", digest_of(b"x")):
        for method in ("GET", "DELETE"):
            answer = registry.ask(method, f"manifests/{reference}")
            assert (answer.status_code, code(answer)) == (404, "MANIFEST_UNKNOWN")
    bad = "manifests/sha256:baddigeststring"
    assert code(registry.ask("GET", bad)) == "DIGEST_INVALID"
    image = make("no-layers")
    answer = registry.ask("PUT", bad, content=image.manifests[0][0], headers={"Content-Type": MANIFEST})
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")
    answer = registry.push(digest_of(b"another"), image.manifests[0][0])
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")


def test_a_manifest_without_its_blobs_is_refused(registry: Registry) -> None:
    data = make("image")
    for blob in data.blobs[:-1]:
        registry.push_blob(blob)
    answer = registry.push("image", *data.manifests[0])
    assert (answer.status_code, code(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert digest_of(data.blobs[-1]) in answer.text
    assert registry.manifest("image").status_code == 404


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        {"schemaVersion": 1},
        {"schemaVersion": 2, "mediaType": "text/plain"},
        {"schemaVersion": 2, "mediaType": MANIFEST},
        {"schemaVersion": 2, "mediaType": INDEX, "manifests": []},
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(b"{}", "x"), "layers": None},
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "x", "digest": "y", "size": 1},
            "layers": [],
        },
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(b"{}", "x") | {"size": -1}, "layers": []},
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(b"{}", "x") | {"size": 3}, "layers": []},
        {"schemaVersion": 2, "config": descriptor(b"{}", "x"), "layers": [], "artifactType": "x" * 300},
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_refused(registry: Registry, manifest: object) -> None:
    registry.push_blob(b"{}")
    answer = registry.push("bad", manifest if isinstance(manifest, bytes) else encoded(manifest))
    assert (answer.status_code, code(answer)) == (400, "MANIFEST_INVALID")


def test_a_manifest_has_a_bound(registry: Registry) -> None:
    answer = registry.push("large", b" " * (4 * 2**20 + 1))
    assert (answer.status_code, code(answer)) == (413, "SIZE_INVALID")
