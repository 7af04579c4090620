"""Pulling: the base address, manifests, blobs and parts of them."""

from commonground.conformance.model import Check, Skipped, checks, expect, expect_status, fail, header
from commonground.conformance.oci.registry import ABSENT, Registry, digest_of, expect_error


def base_answers(hub: Registry) -> None:
    """GET /v2/ answers 200, or 401 for those who have to say who they are."""
    expect_status(hub.anonymous.get("/v2/"), 200, 401)


def base_challenge_names_a_scheme(hub: Registry) -> None:
    """A 401 of /v2/ has a WWW-Authenticate of Basic, or of Bearer with a realm."""
    answer = hub.anonymous.get("/v2/")
    if answer.status_code != 401:
        raise Skipped("anybody may call /v2/")
    scheme, _, rest = header(answer, "WWW-Authenticate").partition(" ")
    expect(scheme.lower() == "basic" or (scheme.lower() == "bearer" and "realm=" in rest), f"the scheme is {scheme}")


def base_knows_the_caller(hub: Registry) -> None:
    """GET /v2/ with credentials answers 200."""
    if hub.token is None:
        raise Skipped("there is no token")
    expect_status(hub.send("GET", "/v2/"), 200)


def manifest_by_tag(hub: Registry) -> None:
    """GET of a manifest by its tag answers 200 and its bytes."""
    expect(expect_status(hub.manifest(hub.sample.tag), 200).content == hub.sample.body, "the bytes differ")


def manifest_by_digest(hub: Registry) -> None:
    """GET of a manifest by its digest answers 200 and bytes of that digest."""
    answer = expect_status(hub.manifest(hub.sample.digest), 200)
    expect(digest_of(answer.content) == hub.sample.digest, "the bytes have another digest")


def manifest_content_type(hub: Registry) -> None:
    """The Content-Type of a manifest is its media type."""
    given = header(hub.manifest(hub.sample.tag), "Content-Type").partition(";")[0]
    expect(given == hub.sample.media_type, f"it is {given}, not {hub.sample.media_type}")


def manifest_digest_header(hub: Registry) -> None:
    """Docker-Content-Digest is the digest of the manifest."""
    given = header(hub.manifest(hub.sample.tag), "Docker-Content-Digest")
    expect(given == hub.sample.digest, f"it is {given}, not {hub.sample.digest}")


def manifest_head_by_tag(hub: Registry) -> None:
    """HEAD of a manifest by its tag answers 200."""
    expect_status(hub.manifest(hub.sample.tag, "HEAD"), 200)


def manifest_head_by_digest(hub: Registry) -> None:
    """HEAD of a manifest by its digest answers 200."""
    expect_status(hub.manifest(hub.sample.digest, "HEAD"), 200)


def manifest_head_length(hub: Registry) -> None:
    """HEAD of a manifest names its length in Content-Length."""
    given = header(hub.manifest(hub.sample.tag, "HEAD"), "Content-Length")
    expect(given == str(len(hub.sample.body)), f"it is {given}, not {len(hub.sample.body)}")


def manifest_head_digest_header(hub: Registry) -> None:
    """HEAD of a manifest names its digest in Docker-Content-Digest."""
    given = header(hub.manifest(hub.sample.tag, "HEAD"), "Docker-Content-Digest")
    expect(given == hub.sample.digest, f"it is {given}")


def manifest_with_one_accepted_type(hub: Registry) -> None:
    """GET of a manifest that accepts its media type alone answers 200."""
    expect_status(hub.manifest(hub.sample.tag, accept=hub.sample.media_type), 200)


def manifest_unknown_tag(hub: Registry) -> None:
    """GET of an unknown tag answers 404."""
    expect_status(hub.manifest(f"{hub.run}-absent"), 404)


def manifest_unknown_digest(hub: Registry) -> None:
    """GET of an unknown manifest digest answers 404."""
    expect_status(hub.manifest(ABSENT), 404)


def manifest_head_unknown(hub: Registry) -> None:
    """HEAD of an unknown tag answers 404."""
    expect_status(hub.manifest(f"{hub.run}-absent", "HEAD"), 404)


def manifest_unknown_code(hub: Registry) -> None:
    """The body about an unknown manifest has the code MANIFEST_UNKNOWN."""
    expect_error(hub.manifest(f"{hub.run}-absent"), "MANIFEST_UNKNOWN")


def manifest_malformed_reference(hub: Registry) -> None:
    """A reference that is neither tag nor digest answers 400 or 404."""
    expect_status(hub.manifest("sha256:xyz"), 400, 404)


def blob_by_digest(hub: Registry) -> None:
    """GET of a blob answers 200 and bytes of its digest."""
    digest, size = hub.layer
    answer = expect_status(hub.blob(digest), 200)
    expect(digest_of(answer.content) == digest, "the bytes have another digest")
    expect(len(answer.content) == size, "the size is not that of the descriptor")


def blob_head(hub: Registry) -> None:
    """HEAD of a blob answers 200."""
    expect_status(hub.blob(hub.layer[0], "HEAD"), 200)


def blob_head_length(hub: Registry) -> None:
    """HEAD of a blob names its length in Content-Length."""
    digest, size = hub.layer
    given = header(hub.blob(digest, "HEAD"), "Content-Length")
    expect(given == str(size), f"it is {given}, not {size}")


def blob_digest_header(hub: Registry) -> None:
    """Docker-Content-Digest is the digest of the blob."""
    answer = hub.send("GET", f"{hub.base}/blobs/{hub.layer[0]}")
    given = header(answer, "Docker-Content-Digest")
    expect(given == hub.layer[0], f"it is {given}")


def blob_unknown(hub: Registry) -> None:
    """GET of an unknown blob answers 404."""
    expect_status(hub.blob(ABSENT), 404)


def blob_head_unknown(hub: Registry) -> None:
    """HEAD of an unknown blob answers 404."""
    expect_status(hub.blob(ABSENT, "HEAD"), 404)


def blob_unknown_code(hub: Registry) -> None:
    """The body about an unknown blob has the code BLOB_UNKNOWN."""
    expect_error(hub.blob(ABSENT), "BLOB_UNKNOWN")


def blob_malformed_digest(hub: Registry) -> None:
    """A malformed digest answers 400 or 404."""
    expect_status(hub.blob("sha256:xyz"), 400, 404)


def blob_range(hub: Registry) -> None:
    """A range of a blob answers 206 with Content-Range and those bytes."""
    digest, size = hub.layer
    answer = expect_status(hub.blob(digest, Range="bytes=1-4"), 206)
    expect(len(answer.content) == min(4, size - 1), f"{len(answer.content)} bytes came")
    expect(header(answer, "Content-Range").endswith(f"/{size}"), "Content-Range does not end with the size")


def blob_range_without_end(hub: Registry) -> None:
    """A range without end answers 206 and the rest of the blob, so that a download resumes."""
    digest, size = hub.layer
    answer = expect_status(hub.blob(digest, Range=f"bytes={size - 1}-"), 206)
    expect(len(answer.content) == 1, f"{len(answer.content)} bytes came")


def blob_range_behind_the_end(hub: Registry) -> None:
    """A range behind the end of a blob answers 416."""
    expect_status(hub.blob(hub.layer[0], Range=f"bytes={hub.layer[1] + 10}-"), 416)


def unknown_repository(hub: Registry) -> None:
    """A manifest of an unknown repository answers 404, or 401 or 403 where names are not told."""
    expect_status(hub.send("GET", f"/v2/{hub.run}/absent/manifests/latest"), 404, 401, 403)


def malformed_name(hub: Registry) -> None:
    """A name the grammar does not allow answers 400 or 404, or 401 before it is looked at."""
    expect_status(hub.send("GET", "/v2/UPPER/..bad../manifests/latest"), 400, 401, 404)


def errors_are_json(hub: Registry) -> None:
    """The body of a refusal, where it is JSON, is a list of errors with codes."""
    answer = hub.manifest(f"{hub.run}-absent")
    if "json" not in answer.headers.get("content-type", ""):
        fail("the body of the refusal is not JSON")
    expect_error(answer)


CHECKS: list[Check] = [
    *checks("Determining support", [base_answers, base_challenge_names_a_scheme, base_knows_the_caller]),
    *checks(
        "Pulling manifests",
        [
            manifest_by_tag,
            manifest_by_digest,
            manifest_content_type,
            manifest_head_by_tag,
            manifest_head_by_digest,
            manifest_head_length,
            manifest_with_one_accepted_type,
            manifest_unknown_tag,
            manifest_unknown_digest,
            manifest_head_unknown,
            manifest_malformed_reference,
        ],
    ),
    *checks(
        "Pulling manifests",
        [manifest_digest_header, manifest_head_digest_header, manifest_unknown_code],
        required=False,
    ),
    *checks(
        "Pulling blobs",
        [blob_by_digest, blob_head, blob_head_length, blob_unknown, blob_head_unknown, blob_malformed_digest],
    ),
    *checks(
        "Pulling blobs",
        [blob_digest_header, blob_unknown_code, blob_range, blob_range_without_end, blob_range_behind_the_end],
        required=False,
    ),
    *checks("Error codes", [unknown_repository, malformed_name]),
    *checks("Error codes", [errors_are_json], required=False),
]
