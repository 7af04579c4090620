"""What the API says about a repository."""

import re

from commonground.conformance.huggingface.hub import HuggingFace, expect_code
from commonground.conformance.model import Check, Skipped, checks, expect, expect_status, header, json_of

_SHA = re.compile(r"[0-9a-f]{40}\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")


def info_has_id(hub: HuggingFace) -> None:
    """The id of a repository is its name."""
    expect(hub.info().get("id") == hub.repository, f"it is {hub.info().get('id')}")


def info_has_commit(hub: HuggingFace) -> None:
    """Sha is the 40 digits of a commit."""
    expect(_SHA.match(str(hub.info().get("sha"))), f"it is {hub.info().get('sha')}")


def info_has_siblings(hub: HuggingFace) -> None:
    """Siblings lists the files as rfilename."""
    found = hub.info().get("siblings")
    expect(isinstance(found, list) and all("rfilename" in item for item in found), "it does not")


def info_has_moments(hub: HuggingFace) -> None:
    """LastModified and createdAt are moments in UTC, ISO 8601 with Z."""
    body = hub.info()
    for name in ("lastModified", "createdAt"):
        expect(_MOMENT.match(str(body.get(name))), f"{name} is {body.get(name)}")


def info_has_flags(hub: HuggingFace) -> None:
    """Private is a boolean, gated false or a word, tags a list."""
    body = hub.info()
    expect(isinstance(body.get("private"), bool), f"private is {body.get('private')!r}")
    expect(body.get("gated") in {False, "auto", "manual"}, f"gated is {body.get('gated')!r}")
    expect(isinstance(body.get("tags"), list), "tags is no list")


def info_of_revision(hub: HuggingFace) -> None:
    """/revision/{commit} answers that commit."""
    found = json_of(expect_status(hub.send("GET", f"{hub.api}/revision/{hub.sha}"), 200), dict)
    expect(found.get("sha") == hub.sha, f"sha is {found.get('sha')}")


def info_with_blobs(hub: HuggingFace) -> None:
    """blobs=true adds size and blobId to siblings."""
    found = hub.info("?blobs=true").get("siblings") or []
    expect(found and all({"size", "blobId"} <= item.keys() for item in found), "they are missing")


def info_expands(hub: HuggingFace) -> None:
    """Expand names the fields to answer, beside the id."""
    found = hub.info("?expand=sha&expand=likes").keys()
    expect({"id", "sha", "likes"} <= found, f"{sorted({'sha', 'likes'} - found)} is missing")
    expect("siblings" not in found, "siblings, which was not asked for, is there")


def unknown_repository(hub: HuggingFace) -> None:
    """An unknown repository answers 401 or 404 with X-Error-Code RepoNotFound."""
    answer = hub.send("GET", f"/api/models/{hub.run}/absent")
    expect_code(expect_status(answer, 401, 404), "RepoNotFound")


def unknown_repository_is_401_for_nobody(hub: HuggingFace) -> None:
    """A caller without token is told 401 of an unknown repository: it may be private."""
    expect_status(hub.anonymous.get(f"/api/models/{hub.run}/absent"), 401)


def unknown_revision(hub: HuggingFace) -> None:
    """An unknown revision answers 404 with X-Error-Code RevisionNotFound."""
    answer = hub.send("GET", f"{hub.api}/revision/{hub.run}")
    expect_code(expect_status(answer, 404), "RevisionNotFound")


def errors_have_a_message(hub: HuggingFace) -> None:
    """A failure says in X-Error-Message and in the JSON body what happened."""
    answer = hub.send("GET", f"{hub.api}/revision/{hub.run}")
    header(answer, "X-Error-Message")
    expect("error" in json_of(answer, dict), "the body has no 'error'")


def refs_have_main(hub: HuggingFace) -> None:
    """Refs lists main with its full name and commit."""
    body = json_of(expect_status(hub.send("GET", f"{hub.api}/refs"), 200), dict)
    main = [ref for ref in body["branches"] if ref["name"] == "main"]
    expect(main, "main is missing")
    expect((main[0]["ref"], main[0]["targetCommit"]) == ("refs/heads/main", hub.sha), "ref or targetCommit differ")
    expect(isinstance(body.get("tags"), list), "there is no list of tags")


def commits_newest_first(hub: HuggingFace) -> None:
    """Commits lists id, title, date and authors, newest first."""
    body = json_of(expect_status(hub.send("GET", f"{hub.api}/commits/main"), 200), list)
    expect(body and body[0].get("id") == hub.sha, "the first is not the head")
    expect({"id", "title", "message", "date", "authors"} <= body[0].keys(), "a field is missing")


def revision_with_slash(hub: HuggingFace) -> None:
    """A slash in a revision is sent as %2F: refs%2Fheads%2Fmain is main."""
    answer = hub.send("GET", f"{hub.api}/revision/refs%2Fheads%2Fmain")
    if answer.status_code == 404:
        expect_code(answer, "RevisionNotFound")
        raise Skipped("full names of branches are not revisions here")
    expect(json_of(expect_status(answer, 200), dict).get("sha") == hub.sha, "it is another commit")


def list_by_author(hub: HuggingFace) -> None:
    """The list of models of an author has this one."""
    owner = hub.repository.partition("/")[0]
    body = json_of(expect_status(hub.send("GET", f"/api/models?author={owner}&limit=1000"), 200), list)
    expect(hub.repository in [item.get("id") for item in body], "it does not")


def list_limit(hub: HuggingFace) -> None:
    """Limit bounds a list."""
    expect(len(json_of(expect_status(hub.send("GET", "/api/models?limit=1"), 200), list)) <= 1, "it does not")


def whoami_of_nobody(hub: HuggingFace) -> None:
    """whoami-v2 without a token answers 401."""
    expect_status(hub.anonymous.get("/api/whoami-v2"), 401)


def whoami(hub: HuggingFace) -> None:
    """whoami-v2 answers name, organisations and what the token may do."""
    if hub.token is None:
        raise Skipped("there is no token")
    body = json_of(expect_status(hub.send("GET", "/api/whoami-v2"), 200), dict)
    expect(body.get("type") in {"user", "org"} and body.get("name"), "type or name is missing")
    expect(isinstance(body.get("orgs"), list), "orgs is no list")
    expect("role" in body["auth"]["accessToken"], "the role of the token is missing")


CHECKS: list[Check] = [
    *checks(
        "model_info",
        [
            info_has_id,
            info_has_commit,
            info_has_siblings,
            info_has_moments,
            info_has_flags,
            info_of_revision,
            info_with_blobs,
            info_expands,
        ],
    ),
    *checks("Errors", [unknown_repository, unknown_revision, errors_have_a_message]),
    *checks("Errors", [unknown_repository_is_401_for_nobody], required=False),
    *checks("list_repo_refs, list_repo_commits", [refs_have_main, commits_newest_first, revision_with_slash]),
    *checks("list_models", [list_by_author, list_limit]),
    *checks("whoami", [whoami_of_nobody, whoami]),
]
