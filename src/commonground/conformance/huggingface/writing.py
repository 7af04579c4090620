"""Uploads, commits, branches and tags."""

import secrets

from commonground.conformance.huggingface.hub import HuggingFace, expect_code
from commonground.conformance.model import Check, checks, expect, expect_status, header, json_of


def preupload(hub: HuggingFace) -> None:
    """Preupload says of each file whether it is to be sent as regular or lfs."""
    files = [{"path": hub.path(), "size": 5, "sample": "aGVsbG8="}]
    body = json_of(expect_status(hub.send("POST", f"{hub.api}/preupload/main", json={"files": files}), 200), dict)
    expect(body["files"][0]["path"] == files[0]["path"], "the path is another")
    expect(body["files"][0]["uploadMode"] in {"regular", "lfs"}, "uploadMode is neither")


def commit_file(hub: HuggingFace) -> None:
    """A commit of a small file answers its id and address, and the file can be read at once."""
    path, data = hub.path(), secrets.token_hex(20).encode()
    body = json_of(expect_status(hub.commit(hub.add(path, data)), 200), dict)
    expect({"commitOid", "commitUrl"} <= body.keys(), "commitOid or commitUrl is missing")
    expect(hub.content(path).content == data, "the bytes differ")
    expect(hub.info()["sha"] == body["commitOid"], "main is at another commit")


def commit_with_stale_parent(hub: HuggingFace) -> None:
    """A commit whose parent is not the head answers 412."""
    old = hub.info()["sha"]
    expect_status(hub.commit(hub.add(hub.path(), b"first")), 200)
    expect_status(hub.commit(hub.add(hub.path(), b"second"), parent=old), 412)


def commit_removes_file(hub: HuggingFace) -> None:
    """A commit removes a file."""
    path = hub.path()
    expect_status(hub.commit(hub.add(path, b"going")), 200)
    expect_status(hub.commit(("deletedFile", {"path": path})), 200)
    expect_code(expect_status(hub.resolve(path, "HEAD"), 404), "EntryNotFound")


def commit_removes_unknown_file(hub: HuggingFace) -> None:
    """Removing a file that is not there answers 404 with X-Error-Code EntryNotFound."""
    answer = hub.commit(("deletedFile", {"path": hub.path()}))
    expect_code(expect_status(answer, 404), "EntryNotFound")


def commit_removes_folder(hub: HuggingFace) -> None:
    """A commit removes a folder."""
    folder = f"{hub.run}/{secrets.token_hex(4)}"
    expect_status(hub.commit(hub.add(f"{folder}/a", b"a"), hub.add(f"{folder}/b", b"b")), 200)
    expect_status(hub.commit(("deletedFolder", {"path": f"{folder}/"})), 200)
    expect_status(hub.resolve(f"{folder}/a", "HEAD"), 404)


def commit_without_token(hub: HuggingFace) -> None:
    """A commit without token answers 401."""
    expect_status(hub.anonymous.post(f"{hub.api}/commit/main", content=b"{}"), 401)


def large_file_upload(hub: HuggingFace) -> None:
    """LFS content is sent, committed and read back."""
    data, path = secrets.token_bytes(100_000), hub.path("bin")
    oid = hub.upload(data)
    pointer = {"path": path, "algo": "sha256", "oid": oid, "size": len(data)}
    expect_status(hub.commit(("lfsFile", pointer)), 200)
    expect(hub.content(path).content == data, "the bytes differ")


def large_file_is_not_asked_for_again(hub: HuggingFace) -> None:
    """Content the hub has from this caller is not asked for again."""
    data = secrets.token_bytes(1000)
    oid = hub.upload(data)
    body = json_of(expect_status(hub.batch("upload", (oid, len(data))), 200), dict)
    expect(not body["objects"][0].get("actions", {}).get("upload"), "it is")


def large_file_that_was_not_sent(hub: HuggingFace) -> None:
    """A commit of LFS content that nobody has sent is refused."""
    pointer = {"path": hub.path("bin"), "algo": "sha256", "oid": secrets.token_hex(32), "size": 10}
    answer = hub.commit(("lfsFile", pointer))
    expect(400 <= answer.status_code < 500, f"it answered {answer.status_code}")


def xet_write_token(hub: HuggingFace) -> None:
    """xet-write-token has address, token and end in headers and body."""
    answer = expect_status(hub.send("GET", f"{hub.api}/xet-write-token/main"), 200)
    for name in ("X-Xet-Cas-Url", "X-Xet-Access-Token", "X-Xet-Token-Expiration"):
        header(answer, name)
    expect({"casUrl", "accessToken", "exp"} <= json_of(answer, dict).keys(), "a field of the body is missing")


def branch(hub: HuggingFace) -> None:
    """A branch is made, listed and removed; a second of its name answers 409."""
    address = f"{hub.api}/branch/{hub.run}"
    expect(hub.send("POST", address, json={}).status_code < 300, "it is not made")
    expect_status(hub.send("POST", address, json={}), 409)
    listed = json_of(hub.send("GET", f"{hub.api}/refs"), dict)["branches"]
    expect(hub.run in [ref["name"] for ref in listed], "it is not listed")
    expect(hub.send("DELETE", address).status_code < 300, "it is not removed")


def tag(hub: HuggingFace) -> None:
    """A tag is made, leads to its commit and is removed; a second of its name answers 409."""
    body = {"tag": f"{hub.run}-tag"}
    expect(hub.send("POST", f"{hub.api}/tag/main", json=body).status_code < 300, "it is not made")
    expect_status(hub.send("POST", f"{hub.api}/tag/main", json=body), 409)
    found = json_of(expect_status(hub.send("GET", f"{hub.api}/revision/{body['tag']}"), 200), dict)
    expect(found["sha"] == hub.info()["sha"], "it leads to another commit")
    expect(hub.send("DELETE", f"{hub.api}/tag/{body['tag']}").status_code < 300, "it is not removed")


def card_is_validated(hub: HuggingFace) -> None:
    """validate-yaml answers 200 for a sound card and 400 with errors for another."""
    sound = {"content": "---\nlicense: mit\n---\n# x", "repoType": "model"}
    expect_status(hub.send("POST", "/api/validate-yaml", json=sound), 200)
    broken = {"content": "---\nlicense: [\n---\n# x", "repoType": "model"}
    answer = expect_status(hub.send("POST", "/api/validate-yaml", json=broken), 400)
    expect(json_of(answer, dict).get("errors"), "the errors are missing")


def cleaning_up(hub: HuggingFace) -> None:
    """What these checks wrote is removed in one commit."""
    expect_status(hub.commit(("deletedFolder", {"path": f"{hub.run}/"})), 200)


CHECKS: list[Check] = checks(
    "upload_file, create_commit",
    [
        preupload,
        commit_file,
        commit_with_stale_parent,
        commit_removes_file,
        commit_removes_unknown_file,
        commit_removes_folder,
        commit_without_token,
        large_file_upload,
        large_file_is_not_asked_for_again,
        large_file_that_was_not_sent,
        xet_write_token,
        branch,
        tag,
        card_is_validated,
        cleaning_up,
    ],
    writes=True,
)
