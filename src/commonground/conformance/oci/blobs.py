"""Pushing blobs: whole, in chunks, and by mounting."""

import httpx

from commonground.conformance.model import Check, checks, expect, expect_status, header
from commonground.conformance.oci.registry import ABSENT, BYTES, Registry, digest_of, expect_error


def upload_begins(hub: Registry) -> None:
    """POST to blobs/uploads/ answers 202 with a Location."""
    header(expect_status(hub.begin(), 202), "Location")


def upload_whole(hub: Registry) -> None:
    """POST then PUT with the digest answers 201 and a Location that leads to the blob."""
    data = hub.data()
    where = hub.location(expect_status(hub.begin(), 202), digest=digest_of(data))
    made = expect_status(hub.http.put(where, content=data, headers={"Content-Type": BYTES}), 201)
    found = hub.http.get(hub.location(made), follow_redirects=True)
    expect(expect_status(found, 200).content == data, "Location leads to other bytes")


def upload_in_one_request(hub: Registry) -> None:
    """POST with the digest and the content answers 201, or 202 where that is not offered."""
    data = hub.data()
    path = f"{hub.base}/blobs/uploads/?digest={digest_of(data)}"
    answer = expect_status(hub.send("POST", path, content=data, headers={"Content-Type": BYTES}), 201, 202)
    if answer.status_code == 201:
        expect_status(hub.blob(digest_of(data), "HEAD"), 200)


def uploaded_blob_is_there(hub: Registry) -> None:
    """A blob can be pulled as soon as its upload is answered."""
    data = hub.data(5000)
    expect(expect_status(hub.blob(hub.put_blob(data)), 200).content == data, "the bytes differ")


def upload_again(hub: Registry) -> None:
    """A blob that is there already can be pushed again."""
    data = hub.data()
    expect(hub.put_blob(data) == hub.put_blob(data), "the second push failed")


def upload_empty_blob(hub: Registry) -> None:
    """A blob without any bytes can be pushed and pulled."""
    expect(expect_status(hub.blob(hub.put_blob(b"")), 200).content == b"", "bytes came")


def upload_with_wrong_digest(hub: Registry) -> None:
    """Content of another digest answers 400, and nothing is kept under that digest."""
    wanted = digest_of(hub.data())
    where = hub.location(expect_status(hub.begin(), 202), digest=wanted)
    expect_status(hub.http.put(where, content=hub.data(), headers={"Content-Type": BYTES}), 400)
    expect_status(hub.blob(wanted, "HEAD"), 404)


def upload_with_wrong_digest_code(hub: Registry) -> None:
    """The body about content of another digest has the code DIGEST_INVALID."""
    where = hub.location(expect_status(hub.begin(), 202), digest=ABSENT)
    expect_error(hub.http.put(where, content=hub.data(), headers={"Content-Type": BYTES}), "DIGEST_INVALID")


def upload_with_malformed_digest(hub: Registry) -> None:
    """A digest that is none answers 400."""
    where = hub.location(expect_status(hub.begin(), 202), digest="sha256:xyz")
    expect_status(hub.http.put(where, content=hub.data(), headers={"Content-Type": BYTES}), 400)


def upload_without_digest(hub: Registry) -> None:
    """The end of an upload without a digest answers 400."""
    where = hub.location(expect_status(hub.begin(), 202))
    expect_status(hub.http.put(where, content=hub.data(), headers={"Content-Type": BYTES}), 400)


# --- chunks -----------------------------------------------------------------------------------------------------------


def chunk(hub: Registry, where: httpx.URL, data: bytes, start: int) -> httpx.Response:
    """Send one chunk."""
    headers = {"Content-Type": BYTES, "Content-Range": f"{start}-{start + len(data) - 1}"}
    return hub.http.patch(where, content=data, headers=headers)


def chunked(hub: Registry, first: bytes) -> httpx.Response:
    """Begin an upload and send its first chunk."""
    return expect_status(chunk(hub, hub.location(expect_status(hub.begin(), 202)), first, 0), 202)


def close(hub: Registry, answer: httpx.Response, whole: bytes, last: bytes = b"") -> httpx.Response:
    """End an upload."""
    headers = {"Content-Type": BYTES}
    if last:
        headers["Content-Range"] = f"{len(whole) - len(last)}-{len(whole) - 1}"
    return hub.http.put(hub.location(answer, digest=digest_of(whole)), content=last, headers=headers)


def chunk_is_taken(hub: Registry) -> None:
    """PATCH of a first chunk answers 202 with a Location."""
    header(chunked(hub, hub.data()), "Location")


def chunk_range(hub: Registry) -> None:
    """The answer to a chunk says in Range what has arrived."""
    given = header(chunked(hub, hub.data(100)), "Range").removeprefix("bytes=")
    expect(given == "0-99", f"it is {given}, not 0-99")


def chunks_make_a_blob(hub: Registry) -> None:
    """Two chunks and a PUT without body make a blob of both."""
    first, second = hub.data(), hub.data()
    after = chunk(hub, hub.location(chunked(hub, first)), second, len(first))
    expect_status(close(hub, expect_status(after, 202), first + second), 201)
    expect(hub.blob(digest_of(first + second)).content == first + second, "the bytes differ")


def last_chunk_ends_the_upload(hub: Registry) -> None:
    """A PUT may carry the last chunk."""
    first, second = hub.data(), hub.data()
    expect_status(close(hub, chunked(hub, first), first + second, second), 201)
    expect(hub.blob(digest_of(first + second)).content == first + second, "the bytes differ")


def chunk_without_range(hub: Registry) -> None:
    """A PATCH without Content-Range is a stream, and is taken."""
    data = hub.data(3000)
    where = hub.location(expect_status(hub.begin(), 202))
    after = hub.http.patch(where, content=data, headers={"Content-Type": BYTES})
    expect_status(close(hub, expect_status(after, 202), data), 201)


def chunk_out_of_order(hub: Registry) -> None:
    """A chunk that does not follow the one before answers 416."""
    where = hub.location(chunked(hub, hub.data()))
    expect_status(chunk(hub, where, hub.data(), 1000), 416)


def upload_goes_on_after_a_wrong_chunk(hub: Registry) -> None:
    """After a chunk out of order the upload can be asked for its state and ended."""
    first, second = hub.data(), hub.data()
    begun = chunked(hub, first)
    chunk(hub, hub.location(begun), second, 1000)
    state = expect_status(hub.http.get(hub.location(begun)), 204)
    after = expect_status(chunk(hub, hub.location(state), second, len(first)), 202)
    expect_status(close(hub, after, first + second), 201)


def upload_state(hub: Registry) -> None:
    """GET of an upload answers 204 with a Location."""
    header(expect_status(hub.http.get(hub.location(chunked(hub, hub.data()))), 204), "Location")


def upload_state_range(hub: Registry) -> None:
    """GET of an upload says in Range what has arrived."""
    answer = hub.http.get(hub.location(chunked(hub, hub.data(50))))
    given = header(answer, "Range").removeprefix("bytes=")
    expect(given == "0-49", f"it is {given}, not 0-49")


def chunks_with_wrong_digest(hub: Registry) -> None:
    """Chunks that make another digest answer 400."""
    where = hub.location(chunked(hub, hub.data()), digest=digest_of(hub.data()))
    expect_status(hub.http.put(where, headers={"Content-Type": BYTES}), 400)


def upload_is_given_up(hub: Registry) -> None:
    """DELETE of an upload answers 204, and the upload is gone."""
    where = hub.location(chunked(hub, hub.data()))
    expect_status(hub.http.delete(where), 204)
    expect_status(hub.http.get(where), 404)


def upload_unknown(hub: Registry) -> None:
    """A chunk for an unknown upload answers 404."""
    path = f"{hub.base}/blobs/uploads/00000000-0000-0000-0000-000000000000"
    expect_status(hub.send("PATCH", path, content=b"x", headers={"Content-Type": BYTES}), 404, 400)


# --- mounts -----------------------------------------------------------------------------------------------------------


def mount(hub: Registry) -> None:
    """A mount answers 201 and the blob can be pulled, or 202 and an upload begins."""
    digest = hub.put_blob(hub.data())
    answer = expect_status(hub.begin(f"?mount={digest}&from={hub.repository}"), 201, 202)
    header(answer, "Location")
    if answer.status_code == 201:
        expect_status(hub.blob(digest, "HEAD"), 200)


def mount_of_unknown_blob(hub: Registry) -> None:
    """A mount of an unknown blob answers 202: upload it."""
    header(expect_status(hub.begin(f"?mount={ABSENT}&from={hub.repository}"), 202), "Location")


def mount_from_unknown_repository(hub: Registry) -> None:
    """A mount from an unknown repository answers 202: upload it."""
    digest = digest_of(hub.data())
    header(expect_status(hub.begin(f"?mount={digest}&from={hub.run}/absent"), 202), "Location")


def mount_without_from(hub: Registry) -> None:
    """A mount that names no repository answers 201 or 202."""
    header(expect_status(hub.begin(f"?mount={hub.put_blob(hub.data())}"), 201, 202), "Location")


CHECKS: list[Check] = [
    *checks(
        "Pushing a blob monolithically",
        [
            upload_begins,
            upload_whole,
            upload_in_one_request,
            uploaded_blob_is_there,
            upload_again,
            upload_empty_blob,
            upload_with_wrong_digest,
            upload_with_malformed_digest,
            upload_without_digest,
        ],
        writes=True,
    ),
    *checks("Error codes", [upload_with_wrong_digest_code], writes=True, required=False),
    *checks(
        "Pushing a blob in chunks",
        [
            chunk_is_taken,
            chunk_range,
            chunks_make_a_blob,
            last_chunk_ends_the_upload,
            chunk_without_range,
            chunk_out_of_order,
            upload_goes_on_after_a_wrong_chunk,
            upload_state,
            upload_state_range,
            chunks_with_wrong_digest,
        ],
        writes=True,
    ),
    *checks("Pushing a blob in chunks", [upload_is_given_up, upload_unknown], writes=True, required=False),
    *checks(
        "Mounting a blob from another repository",
        [mount, mount_of_unknown_blob, mount_from_unknown_repository, mount_without_from],
        writes=True,
    ),
]
