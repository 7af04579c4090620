"""Large files on the way out: LFS and Xet."""

import hashlib
import re

from commonground.conformance.huggingface.hub import ABSENT, HuggingFace
from commonground.conformance.model import Check, Skipped, checks, expect, expect_status, header, json_of

LIMIT = 64 * 2**20


def large_file_has_etag(hub: HuggingFace) -> None:
    """HEAD of a large file has its SHA-256, quoted, in X-Linked-Etag."""
    given = header(hub.resolve(hub.large_file["path"], "HEAD"), "X-Linked-Etag")
    expect(given == f'"{hub.large_file["lfs"]["oid"]}"', f"it is {given}")


def large_file_has_size(hub: HuggingFace) -> None:
    """HEAD of a large file has the size of its content, not of the pointer, in X-Linked-Size."""
    given = header(hub.resolve(hub.large_file["path"], "HEAD"), "X-Linked-Size")
    expect(given == str(hub.large_file["lfs"]["size"]), f"it is {given}")


def large_file_in_tree(hub: HuggingFace) -> None:
    """The tree has oid, size and pointerSize of a large file."""
    expect({"oid", "size", "pointerSize"} <= hub.large_file["lfs"].keys(), "a field is missing")
    expect(hub.large_file["size"] == hub.large_file["lfs"]["size"], "the two sizes differ")


def large_file_download(hub: HuggingFace) -> None:
    """The bytes of a large file have the SHA-256 that the tree names."""
    if hub.large_file["size"] > LIMIT:
        raise Skipped("the file is too large for a check")
    data = expect_status(hub.content(hub.large_file["path"]), 200).content
    expect(hashlib.sha256(data).hexdigest() == hub.large_file["lfs"]["oid"], "they have another")


def large_file_range(hub: HuggingFace) -> None:
    """A range of a large file answers 206."""
    answer = expect_status(hub.content(hub.large_file["path"], Range="bytes=0-0"), 206)
    expect(len(answer.content) == 1, f"{len(answer.content)} bytes came")


def lfs_batch_download(hub: HuggingFace) -> None:
    """The LFS batch API says where to download content."""
    lfs = hub.large_file["lfs"]
    body = json_of(expect_status(hub.batch("download", (lfs["oid"], lfs["size"])), 200), dict)
    expect("href" in body["objects"][0]["actions"]["download"], "there is no address")


def lfs_batch_unknown(hub: HuggingFace) -> None:
    """The LFS batch API says of unknown content 404, beside the object."""
    body = json_of(expect_status(hub.batch("download", (ABSENT, 1)), 200), dict)
    expect(body["objects"][0].get("error", {}).get("code") == 404, "it does not")


def lfs_batch_media_type(hub: HuggingFace) -> None:
    """The answers of the LFS batch API are application/vnd.git-lfs+json."""
    given = header(hub.batch("download", (ABSENT, 1)), "Content-Type").partition(";")[0]
    expect(given == "application/vnd.git-lfs+json", f"it is {given}")


def xet_hash(hub: HuggingFace) -> None:
    """A file in Xet has its hash, 64 digits, in X-Xet-Hash, the same as in the tree."""
    answer = hub.resolve(hub.large_file["path"], "HEAD")
    if "X-Xet-Hash" not in answer.headers:
        raise Skipped("the file is not in Xet")
    given = answer.headers["X-Xet-Hash"]
    expect(re.fullmatch(r"[0-9a-f]{64}", given), f"it is {given}")
    expect(given == hub.large_file.get("xetHash", given), "the tree says another")


def xet_read_token(hub: HuggingFace) -> None:
    """xet-read-token has address, token and end in headers and body."""
    if "X-Xet-Hash" not in hub.resolve(hub.large_file["path"], "HEAD").headers:
        raise Skipped("the file is not in Xet")
    answer = expect_status(hub.send("GET", f"{hub.api}/xet-read-token/{hub.sha}"), 200)
    for name in ("X-Xet-Cas-Url", "X-Xet-Access-Token", "X-Xet-Token-Expiration"):
        header(answer, name)
    expect({"casUrl", "accessToken", "exp"} <= json_of(answer, dict).keys(), "a field of the body is missing")


def xet_refresh_route(hub: HuggingFace) -> None:
    """HEAD of a file in Xet says where its token comes from: Link rel xet-auth, or X-Xet-Refresh-Route."""
    answer = hub.resolve(hub.large_file["path"], "HEAD")
    if "X-Xet-Hash" not in answer.headers:
        raise Skipped("the file is not in Xet")
    expect("xet-auth" in answer.headers.get("Link", "") or "X-Xet-Refresh-Route" in answer.headers, "it does not")


CHECKS: list[Check] = [
    *checks(
        "hf_hub_download of large files",
        [large_file_has_etag, large_file_has_size, large_file_in_tree, large_file_download, large_file_range],
    ),
    *checks("git-lfs", [lfs_batch_download, lfs_batch_unknown]),
    *checks("git-lfs", [lfs_batch_media_type], required=False),
    *checks("hf_xet", [xet_hash, xet_read_token, xet_refresh_route]),
]
