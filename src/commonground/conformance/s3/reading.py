"""Lists, downloads, ranges, conditions and refusals."""

from urllib.parse import quote

import httpx

from commonground.conformance.model import Check, Skipped, checks, expect, expect_status, header
from commonground.conformance.s3.bucket import Bucket, expect_code, texts
from commonground.conformance.s3.signature import S3Auth

PAGES = 1000


def bucket_exists(s3: Bucket) -> None:
    """HEAD of the bucket answers 200."""
    expect_status(s3.bucket("HEAD"), 200)


def bucket_unknown(s3: Bucket) -> None:
    """An unknown bucket answers 404 with the code NoSuchBucket."""
    expect_code(expect_status(s3.send("GET", f"/{s3.run}.absent?list-type=2"), 404), "NoSuchBucket")


def bucket_location(s3: Bucket) -> None:
    """GetBucketLocation answers a LocationConstraint."""
    expect("LocationConstraint" in expect_status(s3.bucket(query="?location"), 200).text, "it does not")


def buckets_are_listed(s3: Bucket) -> None:
    """ListBuckets has the bucket."""
    if s3.pair is None:
        raise Skipped("there is no key pair")
    found = texts(expect_status(s3.send("GET", "/"), 200), "Name")
    expect(s3.repository in found, "it does not")


def wrong_secret(s3: Bucket) -> None:
    """A signature made with another secret answers 403 with the code SignatureDoesNotMatch."""
    if s3.pair is None:
        raise Skipped("there is no key pair")
    answer = s3.http.get(f"/{s3.repository}", auth=S3Auth(s3.pair[0], "wrong" * 8))
    expect_code(expect_status(answer, 403), "SignatureDoesNotMatch")


def unknown_key_pair(s3: Bucket) -> None:
    """A key that was never given out answers 403 with the code InvalidAccessKeyId."""
    answer = s3.http.get(f"/{s3.repository}", auth=S3Auth("AKIAABSENTABSENT0000", "wrong" * 8))
    expect_code(expect_status(answer, 403), "InvalidAccessKeyId")


def objects_are_listed(s3: Bucket) -> None:
    """ListObjectsV2 has Name, KeyCount, MaxKeys and the objects."""
    key = s3.sample[0]
    answer = expect_status(s3.bucket(query=f"?list-type=2&prefix={quote(key, safe='')}"), 200)
    expect(texts(answer, "Name") == [s3.repository], "Name is another")
    expect(texts(answer, "KeyCount") and texts(answer, "MaxKeys"), "KeyCount or MaxKeys is missing")
    expect(key in texts(answer, "Key"), "the object is not listed")


def objects_have_size_and_etag(s3: Bucket) -> None:
    """Each object of a list has Size, ETag and LastModified."""
    key, data = s3.sample
    answer = s3.bucket(query=f"?list-type=2&prefix={quote(key, safe='')}")
    expect(texts(answer, "Size")[0] == str(len(data)), "Size is another")
    expect(texts(answer, "ETag") and texts(answer, "LastModified"), "ETag or LastModified is missing")


def objects_in_pages(s3: Bucket) -> None:
    """max-keys makes pages, and NextContinuationToken leads through all of them."""
    wanted = s3.some()
    found: list[str] = []
    token = ""
    for _ in range(PAGES):
        answer = expect_status(s3.bucket(query=f"?list-type=2&max-keys=1{token}"), 200)
        expect(len(texts(answer, "Key")) == 1, "a page has not one object")
        found += texts(answer, "Key")
        if texts(answer, "IsTruncated") != ["true"]:
            break
        token = f"&continuation-token={quote(texts(answer, 'NextContinuationToken')[0], safe='')}"
    expect(found == wanted, f"{len(found)} of {len(wanted)} objects came")


def objects_by_prefix(s3: Bucket) -> None:
    """Prefix leaves out others."""
    expect(s3.keys(f"&prefix={s3.run}-absent") == [], "it does not")


def objects_by_folder(s3: Bucket) -> None:
    """Delimiter folds what is below it into CommonPrefixes."""
    whole = s3.keys()
    if not any("/" in key for key in whole) or len(whole) >= PAGES:
        raise Skipped("the bucket has no folders, or too many objects")
    answer = expect_status(s3.bucket(query="?list-type=2&delimiter=/"), 200)
    expect(not any("/" in key for key in texts(answer, "Key")), "objects in folders are listed")
    expect(
        set(texts(answer, "Prefix")) >= {f"{key.partition('/')[0]}/" for key in whole if "/" in key}, "one is missing"
    )


def objects_behind_a_key(s3: Bucket) -> None:
    """start-after begins behind a key."""
    whole = s3.some()
    expect(s3.keys(f"&start-after={quote(whole[0], safe='')}") == whole[1:], "it does not")


def objects_are_sorted(s3: Bucket) -> None:
    """Keys come in the order of their bytes."""
    found = s3.keys()
    expect(found == sorted(found, key=str.encode), "they do not")


def objects_of_version_one(s3: Bucket) -> None:
    """The first version of the list has the same keys."""
    expect(texts(expect_status(s3.bucket(), 200), "Key") == s3.keys(), "it has others")


def object_is_read(s3: Bucket) -> None:
    """GetObject answers the bytes, Content-Length, ETag and Last-Modified."""
    key, data = s3.sample
    answer = expect_status(s3.object("GET", key), 200)
    expect(answer.content == data, "the bytes differ")
    for name in ("Content-Length", "ETag", "Last-Modified"):
        header(answer, name)


def object_head(s3: Bucket) -> None:
    """HeadObject has the size and the ETag of GetObject."""
    key, data = s3.sample
    answer = expect_status(s3.object("HEAD", key), 200)
    expect(header(answer, "Content-Length") == str(len(data)), "the size is another")
    expect(header(answer, "ETag") == header(s3.object("GET", key), "ETag"), "the ETag is another")


def object_range(s3: Bucket) -> None:
    """A range answers 206 with Content-Range."""
    key, data = s3.sample
    answer = expect_status(_ranged(s3, "bytes=1-2"), 206)
    expect(answer.content == data[1:3], "the bytes differ")
    expect(header(answer, "Content-Range") == f"bytes 1-{min(2, len(data) - 1)}/{len(data)}", f"of {key}: another")


def object_last_bytes(s3: Bucket) -> None:
    """A range from the end answers 206 and the last bytes: how parquet files are opened."""
    expect(expect_status(_ranged(s3, "bytes=-2"), 206).content == s3.sample[1][-2:], "the bytes differ")


def object_range_behind_the_end(s3: Bucket) -> None:
    """A range behind the end answers 416 with the code InvalidRange."""
    expect_code(expect_status(_ranged(s3, f"bytes={len(s3.sample[1])}-"), 416), "InvalidRange")


def object_not_modified(s3: Bucket) -> None:
    """If-None-Match with the ETag answers 304."""
    etag = header(s3.object("HEAD", s3.sample[0]), "ETag")
    expect_status(s3.object("GET", s3.sample[0], headers={"If-None-Match": etag}), 304)


def object_that_changed(s3: Bucket) -> None:
    """If-Match with another ETag answers 412."""
    answer = s3.object("GET", s3.sample[0], headers={"If-Match": f'"{"0" * 32}"'})
    expect_status(answer, 412)


def object_unknown(s3: Bucket) -> None:
    """An unknown key answers 404 with the code NoSuchKey."""
    expect_code(expect_status(s3.object("GET", s3.key()), 404), "NoSuchKey")


def object_unknown_head(s3: Bucket) -> None:
    """HEAD of an unknown key answers 404."""
    expect_status(s3.object("HEAD", s3.key()), 404)


def _ranged(s3: Bucket, value: str) -> httpx.Response:
    return s3.object("GET", s3.sample[0], headers={"Range": value})


CHECKS: list[Check] = [
    *checks("Buckets", [bucket_exists, bucket_unknown, buckets_are_listed, bucket_location]),
    *checks("Signatures", [wrong_secret, unknown_key_pair]),
    *checks(
        "ListObjectsV2",
        [
            objects_are_listed,
            objects_have_size_and_etag,
            objects_in_pages,
            objects_by_prefix,
            objects_by_folder,
            objects_behind_a_key,
            objects_are_sorted,
        ],
    ),
    *checks("ListObjects", [objects_of_version_one], required=False),
    *checks(
        "GetObject, HeadObject",
        [
            object_is_read,
            object_head,
            object_range,
            object_last_bytes,
            object_range_behind_the_end,
            object_not_modified,
            object_that_changed,
            object_unknown,
            object_unknown_head,
        ],
    ),
]
