"""S3: a bucket names the repository, a signature the caller."""

import hashlib
from typing import Any
from xml.etree import ElementTree as ET

import httpx
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.system.house import CREATE, DELETE, MEMBER, READ, TAKE, WRITE
from tests.system.operations.model import WEIGHTS, Ask, Call, Check, Operation, answers, leaves_out, names, succeeds

BUCKET, KEY = "/s3/{bucket}", "/s3/{bucket}/{key*}"
HERE, FILE, NEW = "annex.{name}", f"annex.{{name}}/{WEIGHTS}", "annex.{name}/new.txt"
SOURCE = "x-amz-copy-source"
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def denied(_ask: Ask, answer: httpx.Response) -> bool:
    """An XML document with a code for what is not there or not open; no document where none may be sent."""
    if answer.status_code not in {403, 404} or answer.request.method == "HEAD":
        return answer.status_code in {403, 404} and not answer.content
    return ET.fromstring(answer.content).findtext("Code") in {"NoSuchBucket", "AccessDenied"}


def operations() -> list[Operation]:
    """All of them."""
    return [*_of_buckets(), *_of_objects(), *_of_uploads(), *_not_offered()]


def _of_buckets() -> list[Operation]:
    delete = b"<Delete><Object><Key>none.txt</Key></Object></Delete>"
    return [
        Operation(
            route="GET /s3",
            need=MEMBER,
            call=lambda ask: signed(ask, "GET", ""),
            passes=names,
            refuses=leaves_out,
            hides=True,
        ),
        _op(f"GET {BUCKET} [S3 ListObjects]", READ, HERE),
        _op(f"GET {BUCKET} [S3 ListObjectsV2]", READ, f"{HERE}?list-type=2"),
        _op(f"GET {BUCKET} [S3 ListObjectVersions]", READ, f"{HERE}?versions="),
        _op(f"GET {BUCKET} [S3 ListMultipartUploads]", WRITE, f"{HERE}?uploads="),
        _op(f"GET {BUCKET} [S3 GetBucketLocation]", READ, f"{HERE}?location="),
        _op(f"GET {BUCKET} [S3 GetBucketVersioning]", READ, f"{HERE}?versioning="),
        _op(f"GET {BUCKET} [S3 GetBucketAcl]", READ, f"{HERE}?acl="),
        _op(
            f"GET {BUCKET} [S3 configurations no bucket has]",
            READ,
            f"{HERE}?policy=",
            passes=_says("NoSuchBucketPolicy"),
        ),
        _op(f"HEAD {BUCKET}", READ, HERE),
        _op(f"PUT {BUCKET} [S3 CreateBucket]", CREATE, HERE, passes=answers(409)),
        _op(f"DELETE {BUCKET} [S3 DeleteBucket]", DELETE, HERE, passes=_says("BucketNotEmpty")),
        _op(f"POST {BUCKET} [S3 DeleteObjects]", WRITE, f"{HERE}?delete=", content=delete),
    ]


def _of_objects() -> list[Operation]:
    attributes = {"x-amz-object-attributes": "ETag,ObjectSize"}
    into, out = f"PUT {KEY} [S3 CopyObject]", "copies.txt"
    return [
        _op(f"GET {KEY} [S3 GetObject and HeadObject]", READ, FILE),
        _op(f"GET {KEY} [S3 GetObject and HeadObject]", READ, FILE, title="by HEAD", method="HEAD"),
        _op(f"GET {KEY} [S3 GetObject and HeadObject]", READ, f"annex.{{name}}--v1/{WEIGHTS}", title="of a tag"),
        Operation(
            route=f"GET {KEY} [S3 GetObject and HeadObject]",
            need=READ,
            call=_presigned,
            refuses=denied,
            title="presigned",
        ),
        _op(f"GET {KEY} [S3 GetObjectAttributes]", READ, f"{FILE}?attributes=", headers=attributes),
        _op(f"GET {KEY} [S3 GetObjectTagging]", READ, f"{FILE}?tagging="),
        _op(f"GET {KEY} [S3 GetObjectAcl]", READ, f"{FILE}?acl="),
        _op(f"PUT {KEY} [S3 PutObject]", WRITE, NEW, content=b"new"),
        _op(f"DELETE {KEY} [S3 DeleteObject]", WRITE, "annex.{name}/none.txt"),
        Operation(route=into, need=WRITE, call=_copy_into, refuses=denied, title="into"),
        Operation(route=into, need=TAKE, call=lambda ask: _copy_out(ask, out), refuses=denied, title="out of"),
    ]


def _of_uploads() -> list[Operation]:
    part, complete = f"PUT {KEY} [S3 UploadPart]", f"POST {KEY} [S3 CompleteMultipartUpload]"
    copied = f"PUT {KEY} [S3 UploadPartCopy]"
    return [
        _op(f"POST {KEY} [S3 CreateMultipartUpload]", WRITE, f"{NEW}?uploads="),
        Operation(route=part, need=WRITE, call=lambda ask: _of_session(ask, "PUT", "&partNumber=1"), refuses=denied),
        Operation(
            route=f"GET {KEY} [S3 ListParts]", need=WRITE, call=lambda ask: _of_session(ask, "GET"), refuses=denied
        ),
        Operation(
            route=f"DELETE {KEY} [S3 AbortMultipartUpload]",
            need=WRITE,
            call=lambda ask: _of_session(ask, "DELETE"),
            refuses=denied,
        ),
        Operation(route=complete, need=WRITE, call=_complete, refuses=denied),
        Operation(route=copied, need=WRITE, call=_part_into, refuses=denied, title="into"),
        Operation(route=copied, need=TAKE, call=_part_out, refuses=denied, title="out of"),
    ]


def _not_offered() -> list[Operation]:
    """Known operations this server has not: who may not know of the bucket does not learn even that."""
    no = _says("NotImplemented")
    return [
        _op(f"GET {BUCKET}", READ, f"{HERE}?torrent=", passes=no),
        _op(f"PUT {BUCKET}", READ, f"{HERE}?acl=", passes=no),
        _op(f"DELETE {BUCKET}", READ, f"{HERE}?policy=", passes=no),
        _op(f"POST {BUCKET}", READ, f"{HERE}?select=", passes=no),
        _op(f"GET {KEY}", READ, f"{FILE}?torrent=", passes=no),
        _op(f"PUT {KEY}", READ, f"{FILE}?retention=", passes=no),
        _op(f"DELETE {KEY}", READ, f"{FILE}?tagging=", passes=no),
        _op(f"POST {KEY}", READ, f"{FILE}?restore=", passes=no),
    ]


def _op(
    route: str, need: str, path: str, *, passes: Check = succeeds, title: str = "", method: str = "", **more: Any
) -> Operation:
    verb = method or route.partition(" ")[0]
    call: Call = lambda ask: signed(ask, verb, path, **more)  # noqa: E731
    return Operation(route=route, need=need, call=call, passes=passes, refuses=denied, title=title)


def _says(code: str) -> Check:
    return lambda _ask, answer: f"<Code>{code}</Code>" in answer.text


def signed(
    ask: Ask, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
) -> httpx.Response:
    """A request signed with the key pair of the caller's token; unsigned where they have none."""
    url = f"{ask.annex.server.url}/s3/{path.format(name=ask.name)}".rstrip("/")
    sent = dict(headers or {})
    keys = _keys(ask)
    if keys is not None:
        sent["x-amz-content-sha256"] = hashlib.sha256(content).hexdigest()
        request = AWSRequest(method, url, data=content, headers=sent)
        S3SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
        sent = dict(request.headers.items())
    return ask.annex.people.plain.request(method, url, content=content, headers=sent)


def _presigned(ask: Ask) -> httpx.Response:
    url = f"{ask.annex.server.url}/s3/{FILE.format(name=ask.name)}"
    keys = _keys(ask)
    if keys is not None:
        request = AWSRequest("GET", url)
        S3SigV4QueryAuth(keys, "s3", "us-east-1", expires=60).add_auth(request)
        url = request.url
    return ask.annex.people.plain.get(url)


def _keys(ask: Ask) -> Credentials | None:
    if ask.caller == "anonymous":
        return None
    if ask.caller not in ask.annex.keys:
        made = ask.http.post("/api/cg/v1/me/access-keys", json={"purpose": "s3"}).raise_for_status().json()
        ask.annex.keys[ask.caller] = made["id"], made["secret"]
    return Credentials(*ask.annex.keys[ask.caller])


def _copy_into(ask: Ask) -> httpx.Response:
    return signed(ask, "PUT", NEW, headers={SOURCE: f"/{_public(ask)}/{WEIGHTS}"})


def _copy_out(ask: Ask, key: str) -> httpx.Response:
    return signed(ask, "PUT", f"{_own(ask)}/{key}", headers={SOURCE: f"/annex.{ask.name}/{WEIGHTS}"})


def _part_into(ask: Ask) -> httpx.Response:
    return _of_session(ask, "PUT", "&partNumber=1", headers={SOURCE: f"/{_public(ask)}/{WEIGHTS}"})


def _part_out(ask: Ask) -> httpx.Response:
    """Into an upload to the caller's own bucket."""
    begun = signed(ask, "POST", f"{_own(ask)}/new.txt?uploads=")
    upload = _upload_id(begun) if begun.status_code == 200 else "0" * 40
    source = {SOURCE: f"/annex.{ask.name}/{WEIGHTS}"}
    return signed(ask, "PUT", f"{_own(ask)}/new.txt?uploadId={upload}&partNumber=1", headers=source)


def _complete(ask: Ask) -> httpx.Response:
    upload = _session(ask)
    part = signed(ask, "PUT", f"{NEW}?uploadId={upload}&partNumber=1", content=b"new")
    tag = part.headers.get("ETag", "none")
    body = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>"
    )
    return signed(ask, "POST", f"{NEW}?uploadId={upload}", content=body.encode())


def _of_session(ask: Ask, method: str, more: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    return signed(ask, method, f"{NEW}?uploadId={_session(ask)}{more}", headers=headers)


def _session(ask: Ask) -> str:
    """An upload of the caller's, or of nobody's where they may not begin one."""
    begun = signed(ask, "POST", f"{NEW}?uploads=")
    return _upload_id(begun) if begun.status_code == 200 else "0" * 40


def _upload_id(begun: httpx.Response) -> str:
    return ET.fromstring(begun.content).findtext(f"{NAMESPACE}UploadId") or ""


def _own(ask: Ask) -> str:
    return ask.own.replace("/", ".")


def _public(ask: Ask) -> str:
    return f"annex.{ask.annex.kept['model', 'public']}"
