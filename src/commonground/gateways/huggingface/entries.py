"""Tree entries, commits and refs as the protocol writes them."""

from typing import Any

from commonground.gateways.huggingface.wire import moment
from commonground.hub.revisions.model import Commit, Entry, Ref


def tree_entry(entry: Entry) -> dict[str, Any]:
    """One line of a tree listing."""
    item: dict[str, Any] = {"type": entry.type, "oid": entry.oid, "size": entry.size, "path": entry.path}
    if entry.lfs is not None:
        item["lfs"] = {"oid": entry.lfs.sha256, "size": entry.lfs.size, "pointerSize": entry.lfs.pointer_size}
    if entry.xet_hash is not None:
        item["xetHash"] = entry.xet_hash
    if entry.last_commit is not None:
        last = entry.last_commit
        item["lastCommit"] = {"id": last.sha, "title": last.title, "date": moment(last.date)}
    return item


def sibling(entry: Entry) -> dict[str, Any]:
    """A file of a repository with its sizes, as ``blobs=true`` asks for."""
    item: dict[str, Any] = {"rfilename": entry.path, "size": entry.size, "blobId": entry.oid}
    if entry.lfs is not None:
        item["lfs"] = {"sha256": entry.lfs.sha256, "size": entry.lfs.size, "pointerSize": entry.lfs.pointer_size}
    return item


def commit_item(commit: Commit, *, formatted: bool = False) -> dict[str, Any]:
    """One line of a history. ``formatted`` adds title and message as HTML-safe text."""
    item: dict[str, Any] = {
        "id": commit.sha,
        "title": commit.title,
        "message": commit.body,
        "authors": [{"user": commit.author_name, "avatar": ""}],
        "date": moment(commit.date),
    }
    if formatted:
        item["formatted"] = {"title": _escape(commit.title), "message": _escape(commit.body)}
    return item


def ref_item(ref: Ref) -> dict[str, Any]:
    """A branch or tag."""
    return {"name": ref.short, "ref": ref.name, "targetCommit": ref.target}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
