"""Pushing manifests and indexes."""

import json

from commonground.conformance.model import Check, checks, expect, expect_status, header
from commonground.conformance.oci.registry import ABSENT, BYTES, INDEX, MANIFEST, Pushed, Registry, digest_of


def manifest_push(hub: Registry) -> None:
    """PUT of a manifest under a tag answers 201 and a Location that leads to it."""
    body = json.dumps(hub.document()).encode()
    made = expect_status(hub.put_manifest(body, hub.tag()), 201)
    found = hub.http.get(hub.location(made), headers={"Accept": MANIFEST}, follow_redirects=True)
    expect(expect_status(found, 200).content == body, "Location leads to other bytes")


def manifest_push_by_digest(hub: Registry) -> None:
    """PUT of a manifest under its digest answers 201, and it can be pulled."""
    body = json.dumps(hub.document()).encode()
    expect_status(hub.put_manifest(body, digest_of(body)), 201)
    expect(expect_status(hub.manifest(digest_of(body)), 200).content == body, "the bytes differ")


def manifest_push_tells_the_digest(hub: Registry) -> None:
    """The answer to a pushed manifest names its digest in Docker-Content-Digest."""
    body = json.dumps(hub.document()).encode()
    answer = expect_status(hub.put_manifest(body, hub.tag()), 201)
    given = header(answer, "Docker-Content-Digest")
    expect(given == digest_of(body), f"it is {given}")


def manifest_bytes_are_kept(hub: Registry) -> None:
    """A manifest comes back byte for byte, white space and order of keys included."""
    body = json.dumps(hub.document(), indent=5, sort_keys=True).encode() + b"\n\n"
    expect_status(hub.put_manifest(body, tag := hub.tag()), 201)
    expect(expect_status(hub.manifest(tag), 200).content == body, "the bytes differ")


def manifest_push_again(hub: Registry) -> None:
    """The same manifest can be pushed again."""
    made = hub.push()
    expect_status(hub.put_manifest(made.body, made.tag), 201)


def manifest_under_two_tags(hub: Registry) -> None:
    """One manifest may have several tags."""
    made = hub.push()
    expect_status(hub.put_manifest(made.body, other := hub.tag()), 201)
    for tag in (made.tag, other):
        expect(expect_status(hub.manifest(tag), 200).content == made.body, f"{tag} leads to other bytes")


def tag_moves(hub: Registry) -> None:
    """A tag that is pushed again leads to the new manifest, and the old one stays under its digest."""
    old = hub.push()
    new = hub.push(old.tag)
    expect(expect_status(hub.manifest(old.tag), 200).content == new.body, "the tag leads to the old manifest")
    expect_status(hub.manifest(old.digest), 200)


def manifest_with_wrong_digest(hub: Registry) -> None:
    """A manifest under the digest of another answers 400."""
    expect_status(hub.put_manifest(json.dumps(hub.document()).encode(), ABSENT), 400)


def manifest_that_is_no_json(hub: Registry) -> None:
    """Bytes that are no JSON are refused with 400."""
    expect_status(hub.put_manifest(b"{", hub.tag()), 400)


def manifest_with_absent_blob(hub: Registry) -> None:
    """A manifest of a blob that is not there is refused with 400 or 404."""
    layer = {"mediaType": BYTES, "digest": digest_of(hub.data()), "size": 64}
    body = json.dumps(hub.document() | {"layers": [layer]}).encode()
    expect_status(hub.put_manifest(body, hub.tag()), 400, 404)


def manifest_under_malformed_tag(hub: Registry) -> None:
    """A tag the grammar does not allow is refused with 400 or 404."""
    body = json.dumps(hub.document()).encode()
    expect_status(hub.put_manifest(body, ".not-a-tag"), 400, 404)


def tag_of_128_characters(hub: Registry) -> None:
    """A tag may have 128 characters."""
    tag = (hub.tag() + "x" * 128)[:128]
    expect_status(hub.put_manifest(hub.push().body, tag), 201)
    expect_status(hub.manifest(tag), 200)


def manifest_with_annotations(hub: Registry) -> None:
    """Annotations come back."""
    made = hub.push(annotations={"org.example.note": 'ä \\ " 漢'})
    expect(expect_status(hub.manifest(made.tag), 200).json()["annotations"]["org.example.note"] == 'ä \\ " 漢', "lost")


def manifest_without_layers(hub: Registry) -> None:
    """A manifest may have an empty list of layers."""
    body = json.dumps(hub.document() | {"layers": []}).encode()
    expect_status(hub.put_manifest(body, hub.tag()), 201)


def index_push(hub: Registry) -> None:
    """An index of manifests can be pushed and pulled."""
    made = _index(hub)
    answer = expect_status(hub.manifest(made.tag, accept=INDEX), 200)
    expect(answer.content == made.body, "the bytes differ")
    expect(header(answer, "Content-Type").partition(";")[0] == INDEX, "the Content-Type is another")


def index_by_digest(hub: Registry) -> None:
    """An index can be pulled by its digest."""
    expect_status(hub.manifest(_index(hub).digest), 200)


def index_members_are_there(hub: Registry) -> None:
    """What an index points at can be pulled by digest."""
    body = json.loads(_index(hub).body)
    for member in body["manifests"]:
        expect_status(hub.manifest(member["digest"]), 200)


def _index(hub: Registry) -> Pushed:
    members = [hub.push().descriptor, hub.push().descriptor]
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": members}).encode()
    made = Pushed(hub.tag(), body, INDEX)
    expect_status(hub.put_manifest(body, made.tag, INDEX), 201)
    return made


CHECKS: list[Check] = [
    *checks(
        "Pushing manifests",
        [
            manifest_push,
            manifest_push_by_digest,
            manifest_bytes_are_kept,
            manifest_push_again,
            manifest_under_two_tags,
            tag_moves,
            manifest_with_wrong_digest,
            manifest_that_is_no_json,
            manifest_under_malformed_tag,
            tag_of_128_characters,
            manifest_with_annotations,
            manifest_without_layers,
            index_push,
            index_by_digest,
            index_members_are_there,
        ],
        writes=True,
    ),
    *checks(
        "Pushing manifests", [manifest_push_tells_the_digest, manifest_with_absent_blob], writes=True, required=False
    ),
]
