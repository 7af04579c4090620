"""Objects written, copied, removed, and sent in parts."""

import base64
import hashlib
import secrets

import httpx

from commonground.conformance.model import Check, checks, expect, expect_status, header
from commonground.conformance.s3.bucket import Bucket, expect_code, texts

PART = 5 * 2**20


def object_is_written(s3: Bucket) -> None:
    """PutObject answers 200, and the object can be read at once."""
    data = secrets.token_bytes(1000)
    expect(expect_status(s3.object("GET", s3.put(data)), 200).content == data, "the bytes differ")


def object_etag(s3: Bucket) -> None:
    """PutObject answers the quoted ETag that HeadObject has."""
    key = s3.key()
    etag = header(expect_status(s3.object("PUT", key, content=b"abc"), 200), "ETag")
    expect(etag.startswith('"') and etag == header(s3.object("HEAD", key), "ETag"), f"it is {etag}")


def object_etag_is_md5(s3: Bucket) -> None:
    """The ETag of an object in one piece is its MD5."""
    answer = s3.object("PUT", s3.key(), content=b"abc")
    expect(header(answer, "ETag") == f'"{hashlib.md5(b"abc", usedforsecurity=False).hexdigest()}"', "it is not")


def object_is_replaced(s3: Bucket) -> None:
    """A second PutObject replaces the first."""
    key = s3.put(b"first")
    s3.put(b"second", key)
    expect(s3.object("GET", key).content == b"second", "the first is still there")


def object_without_bytes(s3: Bucket) -> None:
    """An object may be empty."""
    expect(expect_status(s3.object("GET", s3.put(b"")), 200).content == b"", "bytes came")


def object_with_a_name(s3: Bucket) -> None:
    """Keys may have blanks, signs and letters of any script."""
    key = s3.put(b"x", f"{s3.run}/a b+c&d=ä漢 (1)~.txt")
    expect(expect_status(s3.object("GET", key), 200).content == b"x", "the bytes differ")
    expect(key in s3.keys(f"&prefix={s3.run}"), "it is not listed as it was written")


def object_with_wrong_md5(s3: Bucket) -> None:
    """A body that is not what Content-MD5 says is refused with 400 BadDigest."""
    key = s3.key()
    md5 = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    expect_code(expect_status(s3.object("PUT", key, content=b"abc", headers={"Content-MD5": md5}), 400), "BadDigest")
    expect_status(s3.object("HEAD", key), 404)


def object_with_wrong_sha256(s3: Bucket) -> None:
    """A body that is not what x-amz-content-sha256 says is refused with 400, and nothing is written."""
    key = s3.key()
    headers = {"x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()}
    answer = expect_status(s3.object("PUT", key, content=b"abc", headers=headers), 400)
    expect_code(answer, "XAmzContentSHA256Mismatch", "BadDigest")
    expect_status(s3.object("HEAD", key), 404)


def object_only_if_absent(s3: Bucket) -> None:
    """PutObject with If-None-Match: * answers 412 where there is one."""
    key = s3.put(b"first")
    expect_status(s3.object("PUT", key, content=b"second", headers={"If-None-Match": "*"}), 412)
    expect(s3.object("GET", key).content == b"first", "it was replaced")


def object_is_removed(s3: Bucket) -> None:
    """DeleteObject answers 204, and the object is gone."""
    key = s3.put(b"x")
    expect_status(s3.object("DELETE", key), 204)
    expect_status(s3.object("HEAD", key), 404)


def unknown_object_is_removed(s3: Bucket) -> None:
    """DeleteObject of a key that is not there answers 204."""
    expect_status(s3.object("DELETE", s3.key()), 204)


def objects_are_removed(s3: Bucket) -> None:
    """DeleteObjects removes several, and says which."""
    keys = [s3.put(b"x"), s3.put(b"y")]
    body = f"<Delete>{''.join(f'<Object><Key>{key}</Key></Object>' for key in keys)}</Delete>".encode()
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    answer = expect_status(s3.bucket("POST", "?delete", content=body, headers={"Content-MD5": md5}), 200)
    expect(sorted(texts(answer, "Key")) == sorted(keys), "it does not")
    expect_status(s3.object("HEAD", keys[0]), 404)


def object_is_copied(s3: Bucket) -> None:
    """CopyObject makes a second object of the same bytes."""
    source, target = s3.put(b"copied"), s3.key()
    headers = {"x-amz-copy-source": f"/{s3.repository}/{source}"}
    answer = expect_status(s3.object("PUT", target, headers=headers), 200)
    expect("CopyObjectResult" in answer.text, "the body is no CopyObjectResult")
    expect(s3.object("GET", target).content == b"copied", "the bytes differ")


def upload_in_parts(s3: Bucket) -> None:
    """Two parts make an object of both, with an ETag."""
    key, first, second = s3.key(), secrets.token_bytes(PART), secrets.token_bytes(100)
    upload = _begin(s3, key)
    etags = [
        header(_part(s3, key, upload, number, data), "ETag") for number, data in enumerate((first, second), start=1)
    ]
    listed = texts(expect_status(s3.object("GET", key, f"?uploadId={upload}"), 200), "PartNumber")
    expect(listed == ["1", "2"], "ListParts has others")
    numbered = enumerate(etags, start=1)
    parts = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in numbered)
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    answer = expect_status(s3.object("POST", key, f"?uploadId={upload}", content=body.encode()), 200)
    expect(texts(answer, "ETag")[0].strip('"'), "the ETag is missing")
    expect(s3.object("GET", key).content == first + second, "the bytes differ")


def upload_in_parts_is_given_up(s3: Bucket) -> None:
    """AbortMultipartUpload answers 204, and a further part 404 with the code NoSuchUpload."""
    key = s3.key()
    upload = _begin(s3, key)
    expect_status(s3.object("DELETE", key, f"?uploadId={upload}"), 204)
    answer = s3.object("PUT", key, f"?partNumber=1&uploadId={upload}", content=b"x")
    expect_code(expect_status(answer, 404), "NoSuchUpload")


def upload_with_wrong_part(s3: Bucket) -> None:
    """Parts that were not sent are refused with 400 InvalidPart."""
    key = s3.key()
    upload = _begin(s3, key)
    part = f'<Part><PartNumber>1</PartNumber><ETag>"{"0" * 32}"</ETag></Part>'
    body = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
    expect_code(expect_status(s3.object("POST", key, f"?uploadId={upload}", content=body), 400), "InvalidPart")


def cleaning_up(s3: Bucket) -> None:
    """What these checks wrote is removed."""
    for key in s3.keys(f"&prefix={s3.run}"):
        expect_status(s3.object("DELETE", key), 204)


def _begin(s3: Bucket, key: str) -> str:
    return texts(expect_status(s3.object("POST", key, "?uploads"), 200), "UploadId")[0]


def _part(s3: Bucket, key: str, upload: str, number: int, data: bytes) -> httpx.Response:
    return expect_status(s3.object("PUT", key, f"?partNumber={number}&uploadId={upload}", content=data), 200)


CHECKS: list[Check] = [
    *checks(
        "PutObject, CopyObject",
        [
            object_is_written,
            object_etag,
            object_is_replaced,
            object_without_bytes,
            object_with_a_name,
            object_with_wrong_md5,
            object_with_wrong_sha256,
            object_is_copied,
        ],
        writes=True,
    ),
    *checks("PutObject, CopyObject", [object_etag_is_md5, object_only_if_absent], writes=True, required=False),
    *checks("DeleteObject", [object_is_removed, unknown_object_is_removed, objects_are_removed], writes=True),
    *checks(
        "Multipart uploads",
        [upload_in_parts, upload_in_parts_is_given_up, upload_with_wrong_part],
        writes=True,
    ),
    *checks("DeleteObject", [cleaning_up], writes=True),
]
