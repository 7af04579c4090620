"""Trees, paths and the download of files."""

from urllib.parse import quote

from commonground.conformance.huggingface.hub import HuggingFace, expect_code
from commonground.conformance.model import Check, Skipped, checks, expect, expect_status, header, json_of

PAGES = 1000


def tree_has_entries(hub: HuggingFace) -> None:
    """Tree lists type, path, oid and size."""
    found = hub.tree()
    expect(found, "the root is empty")
    expect(all({"type", "path", "oid", "size"} <= entry.keys() for entry in found), "a field is missing")


def tree_recursive(hub: HuggingFace) -> None:
    """recursive=true lists the files that siblings lists."""
    listed = {entry["path"] for entry in hub.entries if entry["type"] == "file"}
    expect(listed, "no files")
    missing = {item["rfilename"] for item in hub.info()["siblings"][:500]} - listed
    expect(not missing or len(hub.entries) >= 1000, f"{sorted(missing)[:3]} are missing")


def tree_pages(hub: HuggingFace) -> None:
    """Limit makes pages, and Link leads to the next until all entries came once."""
    if len(hub.entries) < 2 or len(hub.entries) >= PAGES:
        raise Skipped("the tree has less than two entries, or too many")
    answer = expect_status(hub.send("GET", f"{hub.api}/tree/main?recursive=true&limit=1"), 200)
    if len(json_of(answer, list)) == len(hub.entries):
        raise Skipped("limit is not known here")
    found = []
    for _ in range(PAGES):
        found += [entry["path"] for entry in json_of(answer, list)]
        following = answer.links.get("next", {}).get("url")
        if not following:
            break
        answer = expect_status(hub.http.get(following), 200)
    expect(sorted(found) == sorted(entry["path"] for entry in hub.entries), f"{len(found)} entries came")


def tree_expand(hub: HuggingFace) -> None:
    """expand=true adds the last commit of each entry."""
    found = hub.tree(query="?expand=true")
    expect(all({"id", "title", "date"} <= (entry.get("lastCommit") or {}).keys() for entry in found), "it does not")


def tree_of_commit(hub: HuggingFace) -> None:
    """The tree of a commit is that of the branch at it."""
    expect(hub.tree(hub.sha) == hub.tree(), "it differs")


def tree_unknown_path(hub: HuggingFace) -> None:
    """The tree of an unknown folder answers 404 with X-Error-Code EntryNotFound."""
    expect_code(expect_status(hub.send("GET", f"{hub.api}/tree/main/{hub.run}"), 404), "EntryNotFound")


def tree_unknown_revision(hub: HuggingFace) -> None:
    """The tree of an unknown revision answers 404 with X-Error-Code RevisionNotFound."""
    expect_code(expect_status(hub.send("GET", f"{hub.api}/tree/{hub.run}"), 404), "RevisionNotFound")


def paths_info_of_form(hub: HuggingFace) -> None:
    """paths-info takes a form and describes the paths."""
    path = hub.file["path"]
    answer = hub.send("POST", f"{hub.api}/paths-info/main", data={"paths": [path], "expand": "false"})
    body = json_of(expect_status(answer, 200), list)
    expect([entry["path"] for entry in body] == [path], "it does not")


def paths_info_of_json(hub: HuggingFace) -> None:
    """paths-info takes JSON, too."""
    answer = hub.send("POST", f"{hub.api}/paths-info/main", json={"paths": [hub.file["path"]]})
    expect(len(json_of(expect_status(answer, 200), list)) == 1, "the path is missing")


def paths_info_leaves_out(hub: HuggingFace) -> None:
    """paths-info leaves out paths that are not there."""
    paths = [hub.run, hub.file["path"]]
    answer = hub.send("POST", f"{hub.api}/paths-info/main", data={"paths": paths})
    expect(len(json_of(expect_status(answer, 200), list)) == 1, "the answer has not one entry")


def head_has_commit(hub: HuggingFace) -> None:
    """HEAD of a file names the commit in X-Repo-Commit."""
    answer = expect_status(hub.resolve(hub.file["path"], "HEAD"), 200, 302, 307)
    expect(header(answer, "X-Repo-Commit") == hub.sha, "it is another")


def head_has_etag(hub: HuggingFace) -> None:
    """HEAD of a file has a quoted ETag: the object id of a file in git."""
    answer = hub.resolve(hub.file["path"], "HEAD")
    given = answer.headers.get("X-Linked-Etag") or header(answer, "ETag")
    expect(given.removeprefix("W/") == f'"{hub.file["oid"]}"', f"it is {given}")


def head_has_size(hub: HuggingFace) -> None:
    """HEAD of a file has its size in X-Linked-Size or Content-Length."""
    answer = hub.resolve(hub.file["path"], "HEAD")
    given = answer.headers.get("X-Linked-Size") or header(answer, "Content-Length")
    expect(given == str(hub.file["size"]), f"it is {given}, not {hub.file['size']}")


def head_is_not_compressed(hub: HuggingFace) -> None:
    """HEAD that accepts identity alone has no Content-Encoding."""
    given = hub.resolve(hub.file["path"], "HEAD").headers.get("Content-Encoding", "identity")
    expect(given == "identity", f"it is {given}")


def download(hub: HuggingFace) -> None:
    """GET of a file answers as many bytes as the tree says."""
    answer = expect_status(hub.content(hub.file["path"]), 200)
    expect(len(answer.content) == hub.file["size"], f"{len(answer.content)} bytes came")


def download_of_commit(hub: HuggingFace) -> None:
    """GET of a file at a commit answers the same bytes as at the branch."""
    path = hub.file["path"]
    expect(hub.content(path, hub.sha).content == hub.content(path).content, "the bytes differ")


def download_range(hub: HuggingFace) -> None:
    """A range answers 206 with Content-Range."""
    answer = expect_status(hub.content(hub.file["path"], Range="bytes=0-1"), 206)
    expect(len(answer.content) == 2, f"{len(answer.content)} bytes came")
    header(answer, "Content-Range")


def download_range_behind_the_end(hub: HuggingFace) -> None:
    """A range behind the end answers 416."""
    expect_status(hub.content(hub.file["path"], Range=f"bytes={hub.file['size'] + 1}-"), 416)


def download_not_modified(hub: HuggingFace) -> None:
    """If-None-Match with the ETag answers 304."""
    etag = header(hub.content(hub.file["path"]), "ETag")
    expect_status(hub.content(hub.file["path"], **{"If-None-Match": etag}), 304)


def download_disposition(hub: HuggingFace) -> None:
    """Content-Disposition names the file."""
    given = header(hub.content(hub.file["path"]), "Content-Disposition")
    name = hub.file["path"].rpartition("/")[2]
    expect(name in given or quote(name) in given, f"it is {given}")


def unknown_file(hub: HuggingFace) -> None:
    """HEAD of an unknown file answers 404 with X-Error-Code EntryNotFound."""
    expect_code(expect_status(hub.resolve(hub.run, "HEAD"), 404), "EntryNotFound")


def unknown_file_names_the_commit(hub: HuggingFace) -> None:
    """HEAD of an unknown file names the commit, so that a client remembers that it has no such file."""
    expect(header(hub.resolve(hub.run, "HEAD"), "X-Repo-Commit") == hub.sha, "it is another")


def file_of_unknown_revision(hub: HuggingFace) -> None:
    """HEAD at an unknown revision answers 404 with X-Error-Code RevisionNotFound."""
    answer = hub.resolve(hub.file["path"], "HEAD", hub.run)
    expect_code(expect_status(answer, 404), "RevisionNotFound")


def file_of_unknown_repository(hub: HuggingFace) -> None:
    """HEAD in an unknown repository answers 401 or 404 with X-Error-Code RepoNotFound."""
    answer = hub.send("HEAD", f"/{hub.run}/absent/resolve/main/README.md")
    expect_code(expect_status(answer, 401, 404), "RepoNotFound")


CHECKS: list[Check] = [
    *checks(
        "list_repo_tree",
        [
            tree_has_entries,
            tree_recursive,
            tree_pages,
            tree_expand,
            tree_of_commit,
            tree_unknown_path,
            tree_unknown_revision,
        ],
    ),
    *checks("get_paths_info", [paths_info_of_form, paths_info_leaves_out]),
    *checks("get_paths_info", [paths_info_of_json], required=False),
    *checks(
        "hf_hub_download",
        [
            head_has_commit,
            head_has_etag,
            head_has_size,
            head_is_not_compressed,
            download,
            download_of_commit,
            download_range,
            download_range_behind_the_end,
            unknown_file,
            file_of_unknown_revision,
            file_of_unknown_repository,
        ],
    ),
    *checks(
        "hf_hub_download",
        [download_not_modified, download_disposition, unknown_file_names_the_commit],
        required=False,
    ),
]
