"""From the types of the hub to the types of the wire."""

from typing import Any

from commonground.accounts.model import TokenInfo
from commonground.gateways.native import wire
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import model
from commonground.hub.revisions.trees import EXECUTABLE


def repository(found: Repository) -> wire.Repository:
    """An item of a list."""
    return wire.Repository(**_common(found))


def repository_details(found: Repository) -> wire.RepositoryDetails:
    """A repository on its own."""
    return wire.RepositoryDetails(**_common(found), card=found.card, weights=found.weights, options=found.options)


def _common(found: Repository) -> dict[str, Any]:
    same = ("kind", "owner", "name", "visibility", "gated", "default_branch", "head", "description", "tags",
            "pipeline_tag", "license", "parameters", "used_storage", "downloads", "downloads_all_time", "likes",
            "created_at", "updated_at")  # fmt: skip
    return {
        **{name: getattr(found, name) for name in same},
        "id": found.full_name,
        "library": found.library_name,
        "disabled": found.disabled_reason is not None,
    }


def ref(found: model.Ref) -> wire.Ref:
    """A named revision."""
    return wire.Ref(name=found.short, ref=found.name, commit=found.target)


def refs(found: list[model.Ref]) -> wire.Refs:
    """All refs, sorted into branches, tags and others."""
    below = {prefix: [ref(r) for r in found if r.name.startswith(prefix)] for prefix in ("refs/heads/", "refs/tags/")}
    other = [ref(r) for r in found if not r.name.startswith(tuple(below))]
    return wire.Refs(branches=below["refs/heads/"], tags=below["refs/tags/"], other=other)


def commit(found: model.Commit) -> wire.Commit:
    """A commit; the author's address stays private."""
    return wire.Commit(
        id=found.sha,
        title=found.title,
        description=found.body,
        author=found.author_name,
        date=found.date,
        parents=found.parents,
    )


def entry(found: model.Entry) -> wire.Entry:
    """A path of a tree."""
    return wire.Entry(
        path=found.path,
        type=found.type,
        oid=found.oid,
        size=found.size,
        sha256=found.lfs.sha256 if found.lfs else None,
        xet_hash=found.xet_hash,
        executable=found.mode == EXECUTABLE,
        last_commit=commit(found.last_commit) if found.last_commit else None,
    )


def change(found: model.Change) -> wire.Change:
    """One path of a comparison."""
    before, after = (entry(side) if side else None for side in (found.before, found.after))
    return wire.Change(path=found.path, before=before, after=after)


def token(found: TokenInfo) -> wire.Token:
    """A token without its text."""
    return wire.Token(
        id=found.id,
        name=found.name,
        preview=found.preview,
        role=found.role,
        scopes=found.scopes,
        created_at=found.created_at,
        expires_at=found.expires_at,
        last_used_at=found.last_used_at,
    )


def operation(asked: wire.Operation) -> model.Operation:
    """An operation of a commit, the way the hub takes it."""
    match asked:
        case wire.WriteText():
            return model.AddFile(path=asked.path, content=asked.text.encode(), executable=asked.executable)
        case wire.WriteBytes():
            return model.AddFile(path=asked.path, content=asked.content, executable=asked.executable)
        case wire.WriteLarge():
            return model.AddPointer(path=asked.path, sha256=asked.sha256, size=asked.size)
        case wire.Copy():
            return model.CopyFile(path=asked.path, source_path=asked.source, source_revision=asked.revision)
        case wire.Delete():
            return model.DeleteFile(asked.path)
        case wire.DeleteFolder():
            return model.DeleteFolder(asked.path)
