"""Uploads in parts: nothing is seen before the end, which is one commit."""

import asyncio
import hashlib
import secrets
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from commonground.gateways.s3 import multipart
from tests.gateways.s3.hub import BUCKET, Hub, User, refusal, running, texts

pytestmark = pytest.mark.anyio
PARTS = [secrets.token_bytes(40_000) for _ in range(3)]


async def begin(hub: Hub, key: str = "m.bin", user: User | None = None, bucket: str = BUCKET) -> str:
    [upload] = texts(await (user or hub.alice)("POST", f"/{bucket}/{key}?uploads"), "UploadId")
    return upload


async def send(hub: Hub, upload: str, number: int, body: bytes, key: str = "m.bin") -> str:
    answer = await hub.alice("PUT", f"/{BUCKET}/{key}?partNumber={number}&uploadId={upload}", body)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["etag"])


def completion(*parts: tuple[int, str]) -> bytes:
    named = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in parts)
    return f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()


async def test_parts_in_any_order_become_one_commit(hub: Hub) -> None:
    upload = await begin(hub)
    tags = {number: await send(hub, upload, number, PARTS[number - 1]) for number in (3, 1, 2)}
    assert (await hub.commits()) == ["initial commit"]
    assert refusal(await hub.alice("GET", f"/{BUCKET}/m.bin")) == (404, "NoSuchKey")
    answer = await hub.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", completion(*sorted(tags.items())))
    assert texts(answer, "ETag") == [f'"{hashlib.sha256(b"".join(PARTS)).hexdigest()}-1"']
    assert (await hub.alice("GET", f"/{BUCKET}/m.bin")).content == b"".join(PARTS)
    assert (await hub.commits()) == ["Upload m.bin", "initial commit"]
    assert refusal(await hub.alice("GET", f"/{BUCKET}/m.bin?uploadId={upload}")) == (404, "NoSuchUpload")


async def test_a_part_may_be_sent_again_and_some_left_out(hub: Hub) -> None:
    upload = await begin(hub)
    await send(hub, upload, 1, b"wrong")
    first, third = await send(hub, upload, 1, PARTS[0]), await send(hub, upload, 3, PARTS[2])
    await send(hub, upload, 2, PARTS[1])
    await hub.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", completion((1, first), (3, third)))
    assert (await hub.alice("GET", f"/{BUCKET}/m.bin")).content == PARTS[0] + PARTS[2]


async def test_short_text_in_parts_is_text(hub: Hub) -> None:
    upload = await begin(hub, "a.txt")
    tags = [(number, await send(hub, upload, number, b"line\n", "a.txt")) for number in (1, 2)]
    await hub.alice("POST", f"/{BUCKET}/a.txt?uploadId={upload}", completion(*tags))
    _, entry = await hub.services.revisions.entry(hub.repository, "main", "a.txt")
    assert (entry.lfs, entry.size) == (None, 10)


async def test_what_cannot_be_completed(hub: Hub) -> None:
    upload = await begin(hub)
    one, two = await send(hub, upload, 1, PARTS[0]), await send(hub, upload, 2, PARTS[1])
    for body, code in (
        (completion((2, two), (1, one)), "InvalidPartOrder"),
        (completion((1, one), (1, one)), "InvalidPartOrder"),
        (completion((1, two)), "InvalidPart"),
        (completion((1, one), (3, two)), "InvalidPart"),
        (completion(), "MalformedXML"),
        (completion((1, one)).replace(b">1<", b">x<"), "MalformedXML"),
        (b"", "MalformedXML"),
    ):
        assert refusal(await hub.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", body)) == (400, code)
    assert (await hub.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", completion((1, one)))).status_code == 200


@pytest.mark.parametrize("number", ["0", "10001", "x", "-1", ""])
async def test_a_number_that_is_none(hub: Hub, number: str) -> None:
    upload = await begin(hub)
    answer = await hub.alice("PUT", f"/{BUCKET}/m.bin?partNumber={number}&uploadId={upload}", b"x")
    assert refusal(answer) == (400, "InvalidArgument")


async def test_an_upload_belongs_to_its_account_and_key(hub: Hub) -> None:
    upload = await begin(hub)
    assert hub.bob.principal is not None
    await hub.services.repositories.create(hub.bob.principal, "model", "bob", "b")
    for caller, path in ((hub.bob, "/bob.b/m.bin"), (hub.alice, f"/{BUCKET}/other.bin")):
        answer = await caller("PUT", f"{path}?partNumber=1&uploadId={upload}", b"x")
        assert refusal(answer) == (404, "NoSuchUpload")
    assert refusal(await hub.alice("GET", f"/{BUCKET}/m.bin?uploadId=%00")) == (404, "NoSuchUpload")


async def test_an_upload_that_is_given_up(hub: Hub) -> None:
    upload = await begin(hub)
    tag = await send(hub, upload, 1, PARTS[0])
    assert (await hub.alice("DELETE", f"/{BUCKET}/m.bin?uploadId={upload}")).status_code == 204
    answer = await hub.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", completion((1, tag)))
    assert refusal(answer) == (404, "NoSuchUpload")


async def test_lists_of_uploads_and_parts(hub: Hub) -> None:
    first, second = await begin(hub, "a/m.bin"), await begin(hub, "b.bin")
    listed = await hub.alice("GET", f"/{BUCKET}?uploads")
    assert set(texts(listed, "Upload/UploadId")) == {first, second}
    assert texts(await hub.alice("GET", f"/{BUCKET}?uploads&prefix=a%2F"), "Upload/Key") == ["a/m.bin"]
    tags = [await send(hub, second, number, PARTS[0], "b.bin") for number in (1, 2, 7)]
    parts = await hub.alice("GET", f"/{BUCKET}/b.bin?uploadId={second}&max-parts=2")
    assert (texts(parts, "Part/ETag"), texts(parts, "IsTruncated")) == (tags[:2], ["true"])
    [marker] = texts(parts, "NextPartNumberMarker")
    rest = await hub.alice("GET", f"/{BUCKET}/b.bin?uploadId={second}&part-number-marker={marker}")
    assert (texts(rest, "Part/PartNumber"), texts(rest, "Part/Size")) == (["7"], ["40000"])


async def test_a_part_that_was_damaged_is_not_kept(hub: Hub) -> None:
    upload = await begin(hub)
    headers = {"content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    answer = await hub.alice("PUT", f"/{BUCKET}/m.bin?partNumber=1&uploadId={upload}", PARTS[0], headers)
    assert refusal(answer) == (400, "BadDigest")
    assert texts(await hub.alice("GET", f"/{BUCKET}/m.bin?uploadId={upload}"), "Part") == []


async def test_parts_from_other_objects(hub: Hub) -> None:
    await hub.put("source.bin", PARTS[0])
    upload = await begin(hub)
    source = {"x-amz-copy-source": f"{BUCKET}/source.bin"}
    tags: list[tuple[int, str]] = []
    for number, given in ((1, source), (2, {**source, "x-amz-copy-source-range": "bytes=10-19"})):
        answer = await hub.alice("PUT", f"/{BUCKET}/m.bin?partNumber={number}&uploadId={upload}", headers=given)
        [tag] = texts(answer, "ETag")
        tags.append((number, tag))
    await hub.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", completion(*tags))
    assert (await hub.alice("GET", f"/{BUCKET}/m.bin")).content == PARTS[0] + PARTS[0][10:20]


async def test_a_long_wait_is_bridged(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "HEARTBEAT_SECONDS", 0.0)
    upload = await begin(hub)
    tags = [(number, await send(hub, upload, number, part)) for number, part in enumerate(PARTS, 1)]
    answer = await hub.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", completion(*tags))
    assert answer.text.count("<?xml") == 1
    assert texts(answer, "Key") == ["m.bin"]
    upload = await begin(hub, "m.bin/below")
    tags = [(1, await send(hub, upload, 1, PARTS[0], "m.bin/below"))]
    late = await hub.alice("POST", f"/{BUCKET}/m.bin/below?uploadId={upload}", completion(*tags))
    assert late.status_code == 200
    assert ET.fromstring(late.content).findtext("Code") == "InvalidRequest"


async def test_a_refused_commit_leaves_the_upload_as_it_was(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        upload = await begin(hub)
        tag = await send(hub, upload, 1, PARTS[0])
        url = f"/{BUCKET}/m.bin?uploadId={upload}"
        await hub.put("m.bin", b"there")
        answer = await hub.alice("POST", url, completion((1, tag)), {"If-None-Match": "*"})
        assert refusal(answer) == (412, "PreconditionFailed")
        await asyncio.sleep(0)
        assert (await hub.alice("POST", url, completion((1, tag)))).status_code == 200
