"""Removing tags, manifests and blobs, where a registry allows it."""

import httpx

from commonground.conformance.model import Check, Skipped, checks, expect, expect_status, json_of
from commonground.conformance.oci.registry import ABSENT, Registry

REFUSED = (400, 405, 501)


def remove(hub: Registry, path: str) -> httpx.Response:
    """DELETE below the repository; a registry need not allow it."""
    answer = hub.send("DELETE", f"{hub.base}/{path}")
    if answer.status_code in REFUSED:
        raise Skipped(f"it is not allowed ({answer.status_code})")
    return answer


def manifest_is_removed(hub: Registry) -> None:
    """DELETE of a manifest by digest answers 202, and it is gone."""
    made = hub.push()
    expect_status(remove(hub, f"manifests/{made.digest}"), 202)
    expect_status(hub.manifest(made.digest), 404)


def removed_manifest_has_no_tag(hub: Registry) -> None:
    """The tags of a removed manifest are gone."""
    made = hub.push()
    expect_status(remove(hub, f"manifests/{made.digest}"), 202)
    expect_status(hub.manifest(made.tag), 404)


def tag_is_removed(hub: Registry) -> None:
    """DELETE of a tag answers 202, the tag is gone and the manifest stays."""
    made = hub.push()
    expect_status(remove(hub, f"manifests/{made.tag}"), 202)
    expect_status(hub.manifest(made.tag), 404)
    expect_status(hub.manifest(made.digest), 200)


def removed_tag_is_not_listed(hub: Registry) -> None:
    """A removed tag is not listed."""
    made = hub.push()
    expect_status(remove(hub, f"manifests/{made.tag}"), 202)
    listed = json_of(expect_status(hub.send("GET", f"{hub.base}/tags/list"), 200), dict)["tags"] or []
    expect(made.tag not in listed, "it is listed")


def unknown_manifest_is_not_removed(hub: Registry) -> None:
    """DELETE of an unknown manifest answers 404, or 202 because it is gone."""
    expect_status(remove(hub, f"manifests/{ABSENT}"), 404, 202)


def blob_is_removed(hub: Registry) -> None:
    """DELETE of a blob answers 202, and it is gone."""
    digest = hub.put_blob(hub.data())
    expect_status(remove(hub, f"blobs/{digest}"), 202)
    expect_status(hub.blob(digest, "HEAD"), 404)


def unknown_blob_is_not_removed(hub: Registry) -> None:
    """DELETE of an unknown blob answers 404, or 202 because it is gone."""
    expect_status(remove(hub, f"blobs/{ABSENT}"), 404, 202)


CHECKS: list[Check] = [
    *checks(
        "Content management",
        [
            manifest_is_removed,
            tag_is_removed,
            removed_tag_is_not_listed,
            unknown_manifest_is_not_removed,
            blob_is_removed,
            unknown_blob_is_not_removed,
        ],
        writes=True,
    ),
    *checks("Content management", [removed_manifest_has_no_tag], writes=True, required=False),
]
