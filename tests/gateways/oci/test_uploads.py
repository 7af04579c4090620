"""Uploads that do not keep to the protocol."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateways.oci.registry import Registry, code, digest_of


@pytest.mark.parametrize(
    "header", ["", "x", "0", "5-3", "-3", "0-", "bytes 0-2", "bytes=0-2/3", "0-99999999999999999999"]
)
def test_ranges_of_chunks(registry: Registry, header: str) -> None:
    started = registry.ask("POST", "blobs/uploads/")
    answer = registry.follow("PATCH", started, content=b"abc", headers={"Content-Range": header})
    good = header.startswith("bytes")
    assert (answer.status_code == 202) is good
    if not good:
        assert answer.status_code == 400
        assert code(answer) in {"UNKNOWN", "SIZE_INVALID"}
        assert registry.follow("GET", started).headers["Range"] == "0-0"


def test_a_chunk_has_the_length_it_says(registry: Registry) -> None:
    started = registry.ask("POST", "blobs/uploads/")
    for content in (b"abcd", iter([b"abcd"]), b"ab", iter([b"ab"])):
        answer = registry.follow("PATCH", started, content=content, headers={"Content-Range": "0-2"})
        assert code(answer) in {"SIZE_INVALID", "BLOB_UPLOAD_UNKNOWN"}


@pytest.mark.parametrize("digest", ["", "sha256:abc", "md5:00", "x" * 5000])
def test_what_is_no_digest_ends_nothing(registry: Registry, digest: str) -> None:
    started = registry.ask("POST", "blobs/uploads/")
    assert code(registry.follow("PUT", started, params={"digest": digest}, content=b"x")) == "DIGEST_INVALID"
    done = registry.follow("PUT", started, params={"digest": digest_of(b"x")}, content=b"x")
    assert done.status_code == 201
    for query in ({"digest": digest}, {"mount": digest}):
        if digest:
            assert code(registry.ask("POST", "blobs/uploads/", params=query)) == "DIGEST_INVALID"


def test_mounting_from_what_is_no_name_sends_instead(registry: Registry) -> None:
    for source in ("", "x", "../x", "A/B", "a/b/c/d"):
        query = {"mount": digest_of(b"never seen"), "from": source}
        assert registry.ask("POST", "blobs/uploads/", params=query).status_code == 202


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    st.sampled_from(["blobs/{}", "manifests/{}", "blobs/uploads/{}", "referrers/{}", "{}", "tags/list?n={}&last={}"]),
    st.text(alphabet="az09:%/.-_?=&é\x7f", max_size=10) | st.sampled_from([digest_of(b""), "sha512:" + "0" * 128]),
)
def test_no_request_breaks_the_server(registry: Registry, method: str, path: str, word: str) -> None:
    answer = registry.ask(method, path.replace("{}", quote(word, safe="")))
    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD" and word not in {".", ".."}:  # clients resolve those
        assert code(answer)
