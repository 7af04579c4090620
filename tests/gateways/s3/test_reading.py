"""Reading objects: content, ranges, conditions, versions."""

import hashlib
import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.gateways.s3.hub import BUCKET, Hub, refusal, running, texts

pytestmark = pytest.mark.anyio
LATER = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
BEFORE = "Mon, 01 Jan 2001 00:00:00 GMT"


async def test_an_object_is_read_as_it_was_written(hub: Hub) -> None:
    for key, body in (("a/b c+ü#?.txt", b"hello"), ("empty", b""), ("m.bin", secrets.token_bytes(300_000))):
        put = await hub.put(key, body)
        from urllib.parse import quote

        found = await hub.alice("GET", f"/{BUCKET}/{quote(key)}")
        assert (found.status_code, found.content) == (200, body)
        assert found.headers["etag"] == put.headers["etag"]
        assert found.headers["x-amz-version-id"] == put.headers["x-amz-version-id"] == await hub.head()
        head = await hub.alice("HEAD", f"/{BUCKET}/{quote(key)}")
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(body)))


async def test_a_tag_is_stable_and_no_md5(hub: Hub) -> None:
    data = secrets.token_bytes(1000)
    first, second = await hub.put("a.bin", data), await hub.put("b.bin", data)
    assert first.headers["etag"] == second.headers["etag"] == f'"{hashlib.sha256(data).hexdigest()}-1"'
    assert (await hub.put("a.txt", b"text")).headers["etag"] == (await hub.put("b.txt", b"text")).headers["etag"]


async def test_ranges(hub: Hub) -> None:
    await hub.put("n.txt", b"0123456789")

    async def part(given: str) -> tuple[int, bytes]:
        answer = await hub.nobody("GET", f"/{BUCKET}/n.txt", headers={"Range": given})
        return answer.status_code, answer.content

    assert await part("bytes=2-4") == (206, b"234")
    assert await part("bytes=7-") == (206, b"789")
    assert await part("bytes=-3") == (206, b"789")
    assert await part("bytes=x") == (200, b"0123456789")
    answer = await hub.nobody("GET", f"/{BUCKET}/n.txt", headers={"Range": "bytes=10-"})
    assert refusal(answer) == (416, "InvalidRange")
    assert answer.headers["content-range"] == "bytes */10"


async def test_conditions(hub: Hub) -> None:
    tag = (await hub.put("n.txt", b"text")).headers["etag"]

    async def status(**headers: str) -> int:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await hub.nobody("GET", f"/{BUCKET}/n.txt", headers=given)).status_code

    assert await status(if_match=tag) == 200
    assert await status(if_match="*") == 200
    assert await status(if_match='"other"') == 412
    assert await status(if_none_match=tag) == 304
    assert await status(if_none_match='"other"') == 200
    assert await status(if_modified_since=LATER) == 304
    assert await status(if_modified_since=BEFORE) == 200
    assert await status(if_unmodified_since=LATER) == 200
    assert await status(if_unmodified_since=BEFORE) == 412
    assert await status(if_modified_since="nonsense") == 200
    assert await status(if_none_match='"other"', if_modified_since=LATER) == 200
    assert await status(if_match=tag, if_unmodified_since=BEFORE) == 200


async def test_every_commit_is_a_version(hub: Hub) -> None:
    first = (await hub.put("a.txt", b"1")).headers["x-amz-version-id"]
    await hub.put("a.txt", b"2")
    assert (await hub.nobody("GET", f"/{BUCKET}/a.txt?versionId={first}")).content == b"1"
    assert (await hub.nobody("GET", f"/{BUCKET}/a.txt?versionId=null")).content == b"2"
    assert refusal(await hub.nobody("GET", f"/{BUCKET}/a.txt?versionId=absent")) == (404, "NoSuchVersion")


async def test_a_bucket_may_name_a_revision(hub: Hub) -> None:
    first = (await hub.put("a.txt", b"1")).headers["x-amz-version-id"]
    assert hub.alice.principal is not None
    await hub.services.revisions.create_tag(hub.repository, hub.alice.principal, "v1.0", first)
    await hub.services.revisions.create_branch(hub.repository, hub.alice.principal, "Dev/x", starting_point=first)
    await hub.put("a.txt", b"2")
    for name in ("v1.0", first, first[:12], "Dev--x", "dev--x", "refs--heads--Dev--x"):
        assert (await hub.nobody("GET", f"/{BUCKET}--{name}/a.txt")).content == b"1", name
    assert refusal(await hub.nobody("GET", f"/{BUCKET}--absent/a.txt")) == (404, "NoSuchVersion")
    await hub.put("new.txt", b"on a branch", bucket=f"{BUCKET}--dev--x")
    assert refusal(await hub.nobody("GET", f"/{BUCKET}/new.txt")) == (404, "NoSuchKey")
    assert refusal(await hub.alice("PUT", f"/{BUCKET}--v1.0/b.txt", b"x")) == (404, "NoSuchVersion")


async def test_what_is_not_there(hub: Hub) -> None:
    await hub.put("dir/a.txt")
    for key in ("absent", "dir", "dir/absent", "dir/a.txt/x", "..%2Fx", ".git/config", "a//b", "%00", "x" * 1000):
        answer = await hub.nobody("GET", f"/{BUCKET}/{key}")
        if key != "%00":  # refused before any route is found
            assert refusal(answer) == (404, "NoSuchKey"), key
        assert answer.status_code in {400, 404}
    assert refusal(await hub.nobody("GET", f"/{BUCKET}/{'x' * 1025}")) == (400, "KeyTooLongError")
    assert refusal(await hub.nobody("GET", "/alice.absent/x")) == (404, "NoSuchBucket")
    assert refusal(await hub.nobody("GET", "/nodot/x")) == (400, "InvalidBucketName")


async def test_a_folder_answers_where_clients_expect_an_empty_object(hub: Hub) -> None:
    await hub.put("dir/a.txt")
    found = await hub.nobody("HEAD", f"/{BUCKET}/dir/")
    assert (found.status_code, found.headers["content-length"]) == (200, "0")
    assert found.headers["content-type"] == "application/x-directory"
    assert refusal(await hub.nobody("GET", f"/{BUCKET}/none/")) == (404, "NoSuchKey")


async def test_checksums_are_told_when_asked_and_only_of_the_whole(hub: Hub) -> None:
    data = secrets.token_bytes(1000)
    await hub.put("m.bin", data)
    asked = {"x-amz-checksum-mode": "ENABLED"}
    expected = b64encode(hashlib.sha256(data).digest()).decode()
    assert (await hub.nobody("GET", f"/{BUCKET}/m.bin", headers=asked)).headers["x-amz-checksum-sha256"] == expected
    part = await hub.nobody("GET", f"/{BUCKET}/m.bin", headers={**asked, "Range": "bytes=0-1"})
    assert "x-amz-checksum-sha256" not in part.headers
    attributes = await hub.nobody("GET", f"/{BUCKET}/m.bin?attributes")
    assert texts(attributes, "Checksum/ChecksumSHA256") == [expected]
    assert texts(attributes, "ObjectSize") == ["1000"]


async def test_a_signed_address_may_choose_headers_that_are_headers(hub: Hub) -> None:
    await hub.put("a.txt")
    name = "response-content-disposition"
    answer = await hub.nobody(
        "GET", f"/{BUCKET}/a.txt?{name}=attachment%3B%20filename%3Dx&response-content-type=text/html"
    )
    assert answer.headers["content-disposition"] == "attachment; filename=x"
    assert answer.headers["content-type"] == "text/html"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert refusal(await hub.nobody("GET", f"/{BUCKET}/a.txt?{name}=a%0d%0ab:c")) == (400, "InvalidArgument")


async def test_a_renamed_repository_is_found_under_its_old_name(hub: Hub) -> None:
    await hub.put("a.txt", b"1")
    assert hub.alice.principal is not None
    await hub.services.repositories.move(hub.alice.principal, hub.repository, "alice", "other")
    assert (await hub.nobody("GET", f"/{BUCKET}/a.txt")).content == b"1"


async def test_a_gated_repository_is_listed_for_nobody_without_access(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        await hub.put("a.txt")
        assert hub.alice.principal is not None
        await hub.services.repositories.update_settings(hub.alice.principal, hub.repository, gated="manual")
        for caller in (hub.bob, hub.nobody):
            assert refusal(await caller("GET", f"/{BUCKET}/a.txt")) == (403, "AccessDenied")
            assert refusal(await caller("GET", f"/{BUCKET}?list-type=2")) == (403, "AccessDenied")
        assert (await hub.alice("GET", f"/{BUCKET}/a.txt")).status_code == 200


async def test_downloads_are_counted(hub: Hub) -> None:
    await hub.put("config.json", b"{}")
    await hub.nobody("GET", f"/{BUCKET}/config.json")
    assert await hub.services.repositories.flush_downloads() == 1
