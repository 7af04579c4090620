"""Finding things: pages of tags, and what refers to a manifest."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from commonground.conformance.model import Check, Skipped, checks, expect, expect_status, header, json_of
from commonground.conformance.oci.registry import ABSENT, ARTIFACT, INDEX, MANIFEST, Pushed, Registry

PAGES = 1000


def tags(hub: Registry, query: str = "") -> httpx.Response:
    """A page of tags."""
    return expect_status(hub.send("GET", f"{hub.base}/tags/list{query}"), 200)


def names(answer: httpx.Response) -> list[str]:
    """The tags of a page."""
    found = json_of(answer, dict).get("tags")
    expect(found is None or isinstance(found, list), "'tags' is no list")
    return list(found or [])


def some(hub: Registry, least: int) -> list[str]:
    """All tags, of which a check needs a few."""
    if hub.write:
        while len(names(tags(hub))) < least:
            hub.push()
    found = names(tags(hub))
    if len(found) < least:
        raise Skipped(f"the repository has fewer than {least} tags")
    return found


def tags_list(hub: Registry) -> None:
    """GET of tags/list answers 200, the name of the repository and a list."""
    body = json_of(tags(hub), dict)
    expect(body.get("name") == hub.repository, f"the name is {body.get('name')}")
    expect(isinstance(body.get("tags"), list), "there is no list 'tags'")


def tags_are_sorted(hub: Registry) -> None:
    """Tags come in lexical order."""
    found = some(hub, 2)
    expect(found == sorted(found) or found == sorted(found, key=str.lower), "they do not")


def tags_page(hub: Registry) -> None:
    """N bounds the number of tags."""
    some(hub, 2)
    expect(len(names(tags(hub, "?n=1"))) == 1, "n=1 is answered with another number")


def tags_page_of_none(hub: Registry) -> None:
    """n=0 is answered with no tags."""
    expect(names(tags(hub, "?n=0")) == [], "there are tags")


def tags_last(hub: Registry) -> None:
    """Last goes on behind a tag."""
    found = some(hub, 2)
    expect(names(tags(hub, f"?n=1&last={found[0]}")) == found[1:2], "the page does not begin behind it")


def tags_link(hub: Registry) -> None:
    """A page that is not the last has a Link to the next."""
    some(hub, 2)
    given = header(tags(hub, "?n=1"), "Link")
    expect('rel="next"' in given or "rel=next" in given, f"it is {given}")


def tags_links_lead_to_all(hub: Registry) -> None:
    """Following Link brings every tag once."""
    wanted, found = some(hub, 3), []
    answer = tags(hub, "?n=2")
    for _ in range(PAGES):
        found += names(answer)
        following = answer.links.get("next", {}).get("url")
        if not following:
            break
        answer = expect_status(hub.http.get(answer.url.join(following)), 200)
    expect(sorted(found) == sorted(wanted), f"{len(found)} of {len(wanted)} tags came")


def tags_of_unknown_repository(hub: Registry) -> None:
    """tags/list of an unknown repository answers 404, or 401 or 403 where names are not told."""
    expect_status(hub.send("GET", f"/v2/{hub.run}/absent/tags/list"), 404, 401, 403)


def pushed_tag_is_listed(hub: Registry) -> None:
    """A tag is listed as soon as its push is answered."""
    made = hub.push()
    expect(made.tag in names(tags(hub)), "it is not")


# --- referrers --------------------------------------------------------------------------------------------------------


def referrers(hub: Registry, digest: str, query: str = "") -> list[dict[str, Any]]:
    """What refers to a digest."""
    answer = expect_status(hub.send("GET", f"{hub.base}/referrers/{digest}{query}"), 200)
    return list(json_of(answer, dict).get("manifests") or [])


def refer(hub: Registry, subject: Pushed, artifact: str = ARTIFACT) -> tuple[Pushed, httpx.Response]:
    """Push a manifest that refers to another."""
    body = json.dumps(
        hub.document(subject=subject.descriptor, artifactType=artifact, annotations={"org.example": "1"})
    ).encode()
    made = Pushed("", body, MANIFEST)
    return made, expect_status(hub.put_manifest(body, made.digest), 201)


def referrers_of_unknown(hub: Registry) -> None:
    """Referrers of an unknown digest are an empty index, with 200."""
    expect(referrers(hub, ABSENT) == [], "it is not empty")


def referrers_content_type(hub: Registry) -> None:
    """Referrers are an index by their Content-Type and their mediaType."""
    answer = expect_status(hub.send("GET", f"{hub.base}/referrers/{ABSENT}"), 200)
    expect(header(answer, "Content-Type").partition(";")[0] == INDEX, "the Content-Type is another")
    body = json_of(answer, dict)
    expect((body.get("schemaVersion"), body.get("mediaType")) == (2, INDEX), "it is no index")


def referrers_of_malformed_digest(hub: Registry) -> None:
    """Referrers of something that is no digest answer 400."""
    if not hub.referrers_offered:
        raise Skipped("there is no referrers API")
    expect_status(hub.send("GET", f"{hub.base}/referrers/sha256:xyz"), 400)


def subject_is_told(hub: Registry) -> None:
    """The push of a manifest with a subject is answered with OCI-Subject."""
    subject = hub.push()
    given = header(refer(hub, subject)[1], "OCI-Subject")
    expect(given == subject.digest, f"it is {given}")


def referrer_is_listed(hub: Registry) -> None:
    """A manifest with a subject is among its referrers, with media type, digest and size."""
    subject = hub.push()
    made, _ = refer(hub, subject)
    listed = [item for item in referrers(hub, subject.digest) if item.get("digest") == made.digest]
    expect(len(listed) == 1, "it is not listed once")
    expect((listed[0]["mediaType"], listed[0]["size"]) == (MANIFEST, len(made.body)), "the descriptor differs")


def referrer_has_its_type(hub: Registry) -> None:
    """A referrer is listed with its artifact type and its annotations."""
    subject = hub.push()
    refer(hub, subject)
    listed = referrers(hub, subject.digest)[0]
    expect(listed.get("artifactType") == ARTIFACT, f"artifactType is {listed.get('artifactType')}")
    expect((listed.get("annotations") or {}).get("org.example") == "1", "the annotations are missing")


def referrers_of_one_type(hub: Registry) -> None:
    """ArtifactType leaves out others; a registry that does not filter answers all and says nothing."""
    subject = hub.push()
    wanted, _ = refer(hub, subject, "application/vnd.example.a")
    refer(hub, subject, "application/vnd.example.b")
    answer = hub.send("GET", f"{hub.base}/referrers/{subject.digest}?artifactType=application/vnd.example.a")
    found = [item["digest"] for item in json_of(expect_status(answer, 200), dict)["manifests"]]
    if "artifactType" in answer.headers.get("OCI-Filters-Applied", ""):
        expect(found == [wanted.digest], "others are listed")
    else:
        expect(len(found) == 2, "it filters, but OCI-Filters-Applied does not say so")


def subject_may_be_absent(hub: Registry) -> None:
    """A manifest may refer to one that is not there (yet), and is listed for it."""
    subject = Pushed("", json.dumps({"schemaVersion": 2, "run": hub.tag()}).encode(), MANIFEST)
    made, _ = refer(hub, subject)
    expect(made.digest in [item["digest"] for item in referrers(hub, subject.digest)], "it is not listed")


_TAGS: Sequence[Any] = [
    tags_list,
    tags_page,
    tags_page_of_none,
    tags_last,
    tags_links_lead_to_all,
    tags_of_unknown_repository,
]
CHECKS: list[Check] = [
    *checks("Listing tags", _TAGS),
    *checks("Listing tags", [tags_are_sorted, tags_link], required=False),
    *checks("Listing tags", [pushed_tag_is_listed], writes=True),
    *checks("Listing referrers", [referrers_of_unknown, referrers_content_type, referrers_of_malformed_digest]),
    *checks(
        "Listing referrers",
        [subject_is_told, referrer_is_listed, referrer_has_its_type, referrers_of_one_type, subject_may_be_absent],
        writes=True,
    ),
]
