"""Who may do what, by which signature: every operation x caller x visibility."""

import httpx
import pytest

from commonground.gateways.s3 import callers
from commonground.gateways.s3.gateway import S3Gateway
from tests.gateways.s3.hub import BUCKET, URL, Hub, User, refusal
from tests.gateways.s3.test_multipart import completion

pytestmark = pytest.mark.anyio

READ, WRITE, DELETE = "read", "write", "delete"
COPY = {"x-amz-copy-source": f"{BUCKET}/a.txt"}
PART = "partNumber=1&uploadId=none"

NEEDS: dict[tuple[str, str], tuple[str, str, bytes, dict[str, str]]] = {
    ("GET", "S3 ListObjects"): (READ, "", b"", {}),
    ("GET", "S3 ListObjectsV2"): (READ, "?list-type=2", b"", {}),
    ("GET", "S3 ListObjectVersions"): (READ, "?versions", b"", {}),
    ("GET", "S3 ListMultipartUploads"): (WRITE, "?uploads", b"", {}),
    ("GET", "S3 GetBucketLocation"): (READ, "?location", b"", {}),
    ("GET", "S3 GetBucketVersioning"): (READ, "?versioning", b"", {}),
    ("GET", "S3 GetBucketAcl"): (READ, "?acl", b"", {}),
    ("GET", "S3 configurations no bucket has"): (READ, "?policy", b"", {}),
    ("HEAD", "S3 HeadBucket"): (READ, "", b"", {}),
    ("PUT", "S3 CreateBucket"): (WRITE, "", b"", {}),
    ("DELETE", "S3 DeleteBucket"): (DELETE, "", b"", {}),
    ("POST", "S3 DeleteObjects"): (WRITE, "?delete", b"<Delete><Object><Key>z</Key></Object></Delete>", {}),
    ("GET", "S3 GetObject and HeadObject"): (READ, "/a.txt", b"", {}),
    ("GET", "S3 GetObjectAttributes"): (READ, "/a.txt?attributes", b"", {}),
    ("GET", "S3 ListParts"): (WRITE, "/a.txt?uploadId=none", b"", {}),
    ("GET", "S3 GetObjectTagging"): (READ, "/a.txt?tagging", b"", {}),
    ("GET", "S3 GetObjectAcl"): (READ, "/a.txt?acl", b"", {}),
    ("PUT", "S3 PutObject"): (WRITE, "/b.txt", b"x", {}),
    ("PUT", "S3 CopyObject"): (WRITE, "/c.txt", b"", COPY),
    ("PUT", "S3 UploadPart"): (WRITE, f"/a.txt?{PART}", b"x", {}),
    ("PUT", "S3 UploadPartCopy"): (WRITE, f"/a.txt?{PART}", b"", COPY),
    ("DELETE", "S3 DeleteObject"): (WRITE, "/b.txt", b"", {}),
    ("DELETE", "S3 AbortMultipartUpload"): (WRITE, "/a.txt?uploadId=none", b"", {}),
    ("POST", "S3 CreateMultipartUpload"): (WRITE, "/a.txt?uploads", b"", {}),
    ("POST", "S3 CompleteMultipartUpload"): (WRITE, "/a.txt?uploadId=none", completion((1, "x")), {}),
}
"""By method and name: what it needs, what follows the bucket, body, headers."""


def test_every_operation_has_a_row(hub: Hub) -> None:
    routes = S3Gateway(hub.services).routes()
    assert {(route.method, route.summary) for route in routes if route.summary and route.params} == set(NEEDS)


async def callers_of(hub: Hub) -> dict[str, User]:
    return {
        "owner": hub.alice,
        "reader": await hub.user("alice", "read"),
        "stranger": hub.bob,
        "anonymous": hub.nobody,
    }


def allowed(need: str, caller: str, visibility: str) -> bool:
    if need == READ:
        return visibility == "public" or caller in {"owner", "reader"}
    return caller == "owner"


@pytest.mark.parametrize("visibility", ["public", "private", "protected"])
async def test_an_operation_lets_in_who_may_and_nobody_else(hub: Hub, visibility: str) -> None:
    await hub.put("a.txt", b"secret words")
    assert hub.alice.principal is not None
    await hub.services.repositories.update_settings(hub.alice.principal, hub.repository, visibility=visibility)  # type: ignore[arg-type]
    wrong = []
    for (method, name), (need, tail, body, headers) in NEEDS.items():
        for who, caller in (await callers_of(hub)).items():
            answer = await caller(method, f"/{BUCKET}{tail}", body, headers)
            denied = answer.status_code == 403 or "<Code>NoSuchBucket<" in answer.text
            if method == "HEAD":
                denied = answer.status_code in {403, 404}
            if denied is allowed(need, who, visibility) or answer.status_code >= 500:
                wrong.append(f"{name} by {who}: {answer.status_code} {answer.text[-200:]}")
            if denied and b"secret" in answer.content:
                wrong.append(f"{name} tells {who}")
    assert not wrong


async def test_private_looks_like_absent(hub: Hub) -> None:
    assert hub.alice.principal is not None
    await hub.services.repositories.update_settings(hub.alice.principal, hub.repository, visibility="private")
    for (method, name), (_, tail, body, headers) in NEEDS.items():
        if name == "S3 CreateBucket":
            continue
        for caller in (hub.bob, hub.nobody):
            private = await caller(method, f"/{BUCKET}{tail}", body, headers)
            absent = await caller(method, f"/alice.none{tail}", body, headers)
            assert (private.status_code, _same(private)) == (absent.status_code, _same(absent)), name
            assert private.status_code == 404


def _same(answer: httpx.Response) -> str:
    text = answer.text.replace(BUCKET, "X").replace("alice.none", "X")
    return text.replace(answer.headers["x-request-id"], "")


async def test_a_wrong_secret_or_an_unknown_key(hub: Hub) -> None:
    assert hub.alice.key is not None
    assert hub.alice.principal is not None
    url, headers = f"{URL}/s3/{BUCKET}", hub.alice.signed("GET", f"/{BUCKET}")
    assert (await hub.nobody.raw("GET", url, headers=headers)).status_code == 200
    changed = {**headers, "Authorization": headers["Authorization"][:-1] + "x"}
    assert refusal(await hub.nobody.raw("GET", url, headers=changed)) == (403, "SignatureDoesNotMatch")
    unknown = {**headers, "Authorization": headers["Authorization"].replace(hub.alice.key.id, "AKIAIOSFODNN7EXAMPLE")}
    assert refusal(await hub.nobody.raw("GET", url, headers=unknown)) == (403, "InvalidAccessKeyId")
    for other in (f"{url}?versions", f"{URL}/s3/{BUCKET}/a.txt"):
        assert refusal(await hub.nobody.raw("GET", other, headers=headers)) == (403, "SignatureDoesNotMatch")
    assert hub.alice.principal.account_id is not None
    assert hub.alice.principal.token_id is not None
    await hub.services.accounts.revoke_token(hub.alice.principal.account_id, hub.alice.principal.token_id)
    assert refusal(await hub.nobody.raw("GET", url, headers=headers)) == (403, "InvalidAccessKeyId")


async def test_a_header_that_was_added_is_noticed(hub: Hub) -> None:
    headers = hub.alice.signed("PUT", f"/{BUCKET}/a.txt", b"x") | {"x-amz-copy-source": f"{BUCKET}/b.txt"}
    answer = await hub.nobody.raw("PUT", f"{URL}/s3/{BUCKET}/a.txt", content=b"x", headers=headers)
    assert refusal(answer) == (403, "AccessDenied")


@pytest.mark.parametrize("minutes", [-16, 16])
async def test_a_clock_that_is_off(hub: Hub, minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import datetime, timedelta

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Clock":
            return super().now(tz) + timedelta(minutes=minutes)  # type: ignore[arg-type]

    headers = hub.alice.signed("GET", f"/{BUCKET}")
    monkeypatch.setattr(callers, "datetime", Clock)
    answer = await hub.nobody.raw("GET", f"{URL}/s3/{BUCKET}", headers=headers)
    assert refusal(answer) == (403, "RequestTimeTooSkewed")


async def test_a_signed_address_opens_one_thing_for_a_while(hub: Hub) -> None:
    await hub.put("a.txt", b"text")
    assert hub.alice.principal is not None
    await hub.services.repositories.update_settings(hub.alice.principal, hub.repository, visibility="private")
    url = hub.alice.presigned("GET", f"/{BUCKET}/a.txt")
    assert (await hub.nobody.raw("GET", url)).content == b"text"
    assert refusal(await hub.nobody.raw("GET", url.replace("a.txt", "b.txt"))) == (403, "SignatureDoesNotMatch")
    assert refusal(await hub.nobody.raw("PUT", url, content=b"x")) == (403, "SignatureDoesNotMatch")
    assert refusal(await hub.nobody.raw("GET", f"{url}&versionId=null")) == (403, "SignatureDoesNotMatch")
    old = hub.alice.presigned("GET", f"/{BUCKET}/a.txt", expires=-1)
    assert refusal(await hub.nobody.raw("GET", old)) == (400, "AuthorizationQueryParametersError")
    over = hub.alice.presigned("GET", f"/{BUCKET}/a.txt", expires=0)
    assert refusal(await hub.nobody.raw("GET", over)) == (403, "AccessDenied")
    put = hub.alice.presigned("PUT", f"/{BUCKET}/b.txt")
    assert (await hub.nobody.raw("PUT", put, content=b"new")).status_code == 200


async def test_tokens_open_it_as_they_open_everything(hub: Hub) -> None:
    assert hub.alice.principal is not None
    await hub.services.repositories.update_settings(hub.alice.principal, hub.repository, visibility="private")
    assert hub.alice.principal.account_id is not None
    token = await hub.services.accounts.create_token(hub.alice.principal.account_id, name="t", role="read")
    url = f"{URL}/s3/{BUCKET}?list-type=2"
    assert (await hub.nobody.raw("GET", url, headers={"Authorization": f"Bearer {token}"})).status_code == 200
    assert (await hub.nobody.raw("GET", url, auth=("alice", token))).status_code == 200
    wrong = await hub.nobody.raw("GET", url, headers={"Authorization": "Bearer wrong"})
    assert refusal(wrong) == (403, "InvalidAccessKeyId")
