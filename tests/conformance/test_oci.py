"""The checks of registries, held against two that are known."""

import pytest
from bench.server import TOKEN, Server

from commonground.conformance.catalogue import PROTOCOLS, score
from commonground.conformance.model import Report

DISTRIBUTION_2_8 = {
    "blob-range-behind-the-end",  # the connection is cut
    "manifest-malformed-reference",  # 500
    "chunk-out-of-order",  # it is taken
    "upload-goes-on-after-a-wrong-chunk",
    # tags are not paged, and not sorted
    "tags-page",
    "tags-page-of-none",
    "tags-last",
    "tags-are-sorted",
    "tags-link",
    # there are no referrers
    "referrers-of-unknown",
    "referrers-content-type",
    "subject-is-told",
    "referrer-is-listed",
    "referrer-has-its-type",
    "referrers-of-one-type",
    "subject-may-be-absent",
}
"""What Debian's docker-registry 2.8.2, which is older than the specification 1.1, does not do."""

OURS = {"removed-manifest-has-no-tag"}
"""A git tag outlives a manifest; it then leads to the one made from the files."""


def failed(report: Report) -> set[str]:
    return {outcome.name for outcome in report.outcomes if outcome.state == "failed"}


def test_there_are_enough() -> None:
    checks = PROTOCOLS["oci"].checks
    assert len(checks) >= 60
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.asks.endswith(".") and check.section for check in checks)


def test_debians_registry(registry: str) -> None:
    report = score(registry, "oci", "acme/tiny", write=True)
    assert failed(report) == DISTRIBUTION_2_8
    assert not report.conforms
    skipped = {outcome.name: outcome.reason for outcome in report.outcomes if outcome.state == "skipped"}
    assert skipped.keys() == {
        "base-challenge-names-a-scheme",
        "base-knows-the-caller",
        "referrers-of-malformed-digest",
        "tag-is-removed",
        "removed-tag-is-not-listed",
    }


@pytest.mark.parametrize("token", [TOKEN, f"bench:{TOKEN}"])
def test_our_registry(hub: Server, token: str) -> None:
    report = score(hub.url, "oci", "bench/empty", token, write=True)
    assert failed(report) <= OURS
    assert report.conforms
    assert report.count("skipped") == 0


def test_without_writing(hub: Server, registry: str) -> None:
    ours = score(hub.url, "oci", "bench/tiny")
    assert ours.conforms, failed(ours)
    writing = sum(check.writes for check in PROTOCOLS["oci"].checks)
    assert ours.count("passed") > 30
    assert writing < ours.count("skipped") < writing + 8
    empty = score(registry, "oci", "nobody/nothing")
    assert "GET /v2/nobody/nothing/tags/list answered 404" in next(
        outcome.reason for outcome in empty.outcomes if outcome.name == "manifest-by-tag"
    )
