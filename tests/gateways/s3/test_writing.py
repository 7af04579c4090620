"""Writing: one commit a change, verified content, nothing half written."""

import asyncio
import hashlib
import secrets
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from commonground.hub.revisions.model import Entry
from tests.gateways.s3.hub import BUCKET, Hub, document, refusal, running, texts
from tests.gateways.s3.test_chunked import crc, plain

pytestmark = pytest.mark.anyio


async def entry(hub: Hub, path: str) -> Entry:
    return (await hub.services.revisions.entry(hub.repository, "main", path))[1]


def md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


async def test_a_write_is_a_commit_with_author_and_agent(hub: Hub) -> None:
    answer = await hub.alice("PUT", f"/{BUCKET}/a.txt", b"text", {"User-Agent": "Boto3/1 \x7f"})
    made = await hub.services.revisions.commit_info(hub.repository, answer.headers["x-amz-version-id"])
    assert (made.title, made.body, made.author_name) == ("Upload a.txt", "Through S3, by Boto3/1", "alice")


async def test_text_goes_into_git_and_the_rest_into_chunks(tmp_path: Path) -> None:
    async with running(tmp_path, regular_file_limit=2000) as hub:
        for key, body, large in (
            ("a.txt", b"x" * 2000, False),
            ("b.txt", b"x" * 2001, True),
            ("c.dat", b"a\0b", True),
            ("d.parquet", b"PAR1", True),
            ("e.parquet", b"", False),
        ):
            await hub.put(key, body)
            assert ((await entry(hub, key)).lfs is not None) is large, key
            assert (await hub.alice("GET", f"/{BUCKET}/{key}")).content == body


@pytest.mark.parametrize("size", [3, 300_000])
@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("content-md5", "BadDigest"),
        ("x-amz-checksum-crc32", "BadDigest"),
        ("x-amz-checksum-crc32c", "BadDigest"),
        ("x-amz-checksum-crc64nvme", "BadDigest"),
        ("x-amz-checksum-sha1", "BadDigest"),
        ("x-amz-checksum-sha256", "BadDigest"),
    ],
)
async def test_content_that_is_not_what_was_announced_is_not_kept(hub: Hub, size: int, header: str, code: str) -> None:
    lengths = {"content-md5": 16, "x-amz-checksum-crc64nvme": 8, "x-amz-checksum-sha1": 20, "x-amz-checksum-sha256": 32}
    wrong = b64encode(bytes(lengths.get(header, 4))).decode()
    before = await hub.head()
    body = secrets.token_bytes(size)
    assert refusal(await hub.alice("PUT", f"/{BUCKET}/m.bin", body, {header: wrong})) == (400, code)
    answer = await hub.alice("PUT", f"/{BUCKET}/m.bin", body, {header: "AAA"})
    assert refusal(answer)[1] in {"InvalidDigest", "InvalidRequest"}
    assert await hub.head() == before


async def test_checksums_that_hold_are_told(hub: Hub) -> None:
    body = b"123456789"
    given = {
        "content-md5": md5(body),
        "x-amz-checksum-crc32": "y/Q5Jg==",
        "x-amz-checksum-crc32c": "4waSgw==",
        "x-amz-checksum-crc64nvme": "rosUhgp5mIg=",
        "x-amz-checksum-sha256": b64encode(hashlib.sha256(body).digest()).decode(),
    }
    answer = await hub.alice("PUT", f"/{BUCKET}/a.txt", body, given)
    assert answer.status_code == 200, answer.text
    assert {name: answer.headers[name] for name in given if name != "content-md5"} == {
        name: value for name, value in given.items() if name != "content-md5"
    }


async def test_a_body_that_was_not_signed_is_refused(hub: Hub) -> None:
    headers = hub.alice.signed("PUT", f"/{BUCKET}/a.txt", b"signed")
    answer = await hub.nobody.raw("PUT", f"http://hub.test/s3/{BUCKET}/a.txt", content=b"forged", headers=headers)
    assert refusal(answer) == (400, "XAmzContentSHA256Mismatch")
    assert await hub.commits() == ["initial commit"]


async def test_a_stream_with_a_trailer(hub: Hub) -> None:
    data = secrets.token_bytes(200_000)
    given = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": str(len(data)),
        "content-encoding": "aws-chunked",
    }
    body = plain([data[:70_000], data[70_000:]], f"x-amz-checksum-crc32:{crc(data)}")
    answer = await hub.alice("PUT", f"/{BUCKET}/m.bin", body, given)
    assert answer.headers["x-amz-checksum-crc32"] == crc(data)
    assert (await hub.alice("GET", f"/{BUCKET}/m.bin")).content == data
    for broken in (body.replace(b"crc32:", b"crc32:AAAA", 1), plain([data]), body[:-100], plain([data, b"more"])):
        refused = await hub.alice("PUT", f"/{BUCKET}/n.bin", broken, given)
        assert refusal(refused)[0] == 400
    assert len(await hub.commits()) == 2


async def test_conditional_writes(hub: Hub) -> None:
    async def put(**headers: str) -> tuple[int, str]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await hub.alice("PUT", f"/{BUCKET}/a.txt", secrets.token_hex(4).encode(), given)
        return (answer.status_code, "") if answer.status_code == 200 else refusal(answer)

    assert await put(if_match='"x"') == (404, "NoSuchKey")
    assert await put(if_none_match="*") == (200, "")
    assert await put(if_none_match="*") == (412, "PreconditionFailed")
    assert await put(if_match='"x"') == (412, "PreconditionFailed")
    tag = (await hub.alice("HEAD", f"/{BUCKET}/a.txt")).headers["etag"]
    assert await put(if_match=tag) == (200, "")
    assert await put(if_match=tag) == (412, "PreconditionFailed")


async def test_of_many_who_write_first_one_is_first(hub: Hub) -> None:
    put = [hub.alice("PUT", f"/{BUCKET}/lock", b"%d" % number, {"If-None-Match": "*"}) for number in range(6)]
    answers = await asyncio.gather(*put)
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412]


async def test_writes_that_wait_for_each_other_become_one_commit(hub: Hub) -> None:
    answers = await asyncio.gather(*(hub.alice("PUT", f"/{BUCKET}/f{number}", b"%d" % number) for number in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await hub.commits()) < 15
    assert [(await hub.alice("GET", f"/{BUCKET}/f{number}")).content for number in range(30)] == [
        b"%d" % number for number in range(30)
    ]


async def test_one_that_is_refused_takes_no_other_with_it(hub: Hub) -> None:
    await hub.put("file", b"x")
    keys = ["a", "file/below", "b", "c", "a"]
    answers = await asyncio.gather(*(hub.alice("PUT", f"/{BUCKET}/{key}", b"x") for key in keys))
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 200]
    assert refusal(answers[1]) == (400, "InvalidRequest")


async def test_a_folder_is_taken_and_forgotten(hub: Hub) -> None:
    before = await hub.head()
    assert (await hub.alice("PUT", f"/{BUCKET}/dir/", b"")).status_code == 200
    assert (await hub.alice("DELETE", f"/{BUCKET}/dir/")).status_code == 204
    assert refusal(await hub.alice("PUT", f"/{BUCKET}/dir/", b"x")) == (400, "InvalidArgument")
    assert await hub.head() == before


@pytest.mark.parametrize("key", ["../x", "a//b", ".git/config", "a/./b", "\x07", "x" * 300])
async def test_a_key_that_is_no_path(hub: Hub, key: str) -> None:
    assert refusal(await hub.alice("PUT", f"/{BUCKET}/{quote(key, safe='')}", b"x")) == (400, "InvalidArgument")
    assert (await hub.alice("DELETE", f"/{BUCKET}/{quote(key, safe='')}")).status_code == 204


async def test_delete(hub: Hub) -> None:
    await hub.put("dir/a.txt")
    assert (await hub.alice("DELETE", f"/{BUCKET}/absent")).status_code == 204
    assert (await hub.alice("DELETE", f"/{BUCKET}/dir")).status_code == 204
    assert (await hub.alice("GET", f"/{BUCKET}/dir/a.txt")).status_code == 200
    gone = await hub.alice("DELETE", f"/{BUCKET}/dir/a.txt")
    assert (gone.status_code, gone.headers["x-amz-version-id"]) == (204, await hub.head())
    assert (await hub.commits())[0] == "Delete dir/a.txt"
    version = gone.headers["x-amz-version-id"]
    assert refusal(await hub.alice("DELETE", f"/{BUCKET}/x?versionId={version}")) == (501, "NotImplemented")


async def test_delete_many_is_one_commit(hub: Hub) -> None:
    for key in ("a", "b", "dir/c"):
        await hub.put(key)
    named = "".join(f"<Object><Key>{key}</Key></Object>" for key in ("a", "b", "dir/c", "absent", "a", "dir"))
    old = "<Object><Key>z</Key><VersionId>1</VersionId></Object>"
    answer = await hub.alice("POST", f"/{BUCKET}?delete", f"<Delete>{named}{old}</Delete>".encode())
    assert texts(answer, "Deleted/Key") == ["a", "b", "dir/c", "absent", "a", "dir"]
    assert texts(answer, "Error/Code") == ["NotImplemented"]
    assert (await hub.commits())[0] == "Delete 3 files"
    quiet = await hub.alice("POST", f"/{BUCKET}?delete", f"<Delete><Quiet>true</Quiet>{named}</Delete>".encode())
    assert len(document(quiet)) == 0
    assert (await hub.commits())[0] == "Delete 3 files"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete/>",
        b"<Other><Object><Key>a</Key></Object></Other>",
        b"<Delete><Object>",
        b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>",
        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>',
        b"<a>" * 1000,
    ],
)
async def test_a_body_that_names_nothing(hub: Hub, body: bytes) -> None:
    assert refusal(await hub.alice("POST", f"/{BUCKET}?delete", body)) == (400, "MalformedXML")


async def test_a_copy_moves_no_bytes(hub: Hub) -> None:
    data = secrets.token_bytes(5000)
    await hub.put("m.bin", data)
    first = await hub.head()
    source = {"x-amz-copy-source": f"{BUCKET}/m.bin"}
    answer = await hub.alice("PUT", f"/{BUCKET}/copy.bin", headers=source)
    assert texts(answer, "ETag") == [f'"{hashlib.sha256(data).hexdigest()}-1"']
    assert answer.headers["x-amz-copy-source-version-id"] == first
    await hub.put("m.bin", b"new")
    old = {"x-amz-copy-source": f"/s3/{BUCKET}/m.bin?versionId={first}"}
    assert (await hub.alice("PUT", f"/{BUCKET}/old.bin", headers=old)).status_code == 200
    for key in ("copy.bin", "old.bin"):
        assert (await hub.alice("GET", f"/{BUCKET}/{key}")).content == data


async def test_a_copy_from_another_repository_needs_the_right_to_read_it(hub: Hub) -> None:
    assert hub.bob.principal is not None
    await hub.put("m.bin", b"a\0b")
    await hub.put("t.txt", b"text")
    await hub.services.repositories.create(hub.bob.principal, "dataset", "bob", "d")
    for key in ("m.bin", "t.txt"):
        source = {"x-amz-copy-source": f"/{BUCKET}/{key}"}
        assert (await hub.bob("PUT", f"/datasets.bob.d/{key}", headers=source)).status_code == 200
    assert (await hub.bob("GET", "/datasets.bob.d/m.bin")).content == b"a\0b"
    assert hub.alice.principal is not None
    await hub.services.repositories.update_settings(hub.alice.principal, hub.repository, visibility="private")
    source = {"x-amz-copy-source": f"/{BUCKET}/m.bin"}
    assert refusal(await hub.bob("PUT", "/datasets.bob.d/x.bin", headers=source)) == (404, "NoSuchBucket")


async def test_the_conditions_of_a_copy(hub: Hub) -> None:
    await hub.put("a.txt", b"1")
    source = {"x-amz-copy-source": f"{BUCKET}/a.txt"}
    for name, value in (
        ("if-match", '"x"'),
        ("if-none-match", "*"),
        ("if-unmodified-since", "Mon, 01 Jan 2001 00:00:00 GMT"),
    ):
        answer = await hub.alice("PUT", f"/{BUCKET}/b.txt", headers={**source, f"x-amz-copy-source-{name}": value})
        assert refusal(answer) == (412, "PreconditionFailed"), name
    for given in ("", "x", f"{BUCKET}/", f"{BUCKET}/absent", "alice.absent/x", "alice.%00/x", f"{BUCKET}/%00"):
        answer = await hub.alice("PUT", f"/{BUCKET}/b.txt", headers={"x-amz-copy-source": given})
        assert refusal(answer)[0] in {400, 404}


async def test_a_body_that_breaks_off_leaves_nothing(hub: Hub) -> None:
    headers = hub.alice.signed(
        "PUT", f"/{BUCKET}/a.txt", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "Content-Length": "10"}
    )
    answer = await hub.nobody.raw("PUT", f"http://hub.test/s3/{BUCKET}/a.txt", content=b"five!", headers=headers)
    assert refusal(answer) == (400, "IncompleteBody")
    assert await hub.commits() == ["initial commit"]


async def test_what_is_wrapped_is_unwrapped_for_every_caller(hub: Hub) -> None:
    assert hub.alice.principal is not None
    assert hub.alice.principal.account_id is not None
    token = await hub.services.accounts.create_token(hub.alice.principal.account_id, name="t", role="write")
    headers = {"Authorization": f"Bearer {token}", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    url = f"http://hub.test/s3/{BUCKET}/a.txt"
    assert (await hub.nobody.raw("PUT", url, content=plain([b"text"]), headers=headers)).status_code == 200
    assert (await hub.nobody("GET", f"/{BUCKET}/a.txt")).content == b"text"
    headers["x-amz-content-sha256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    signed = await hub.nobody.raw("PUT", url, content=plain([b"text"]), headers=headers)
    assert refusal(signed) == (403, "SignatureDoesNotMatch")
