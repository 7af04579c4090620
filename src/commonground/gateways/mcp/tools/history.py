"""How a repository came to be what it is."""

from typing import Annotated, Literal

import msgspec

from commonground.gateways.mcp.tools.model import AtRevision, Caller, InRepository, Name, Path, Tool, says
from commonground.hub.revisions import model

CHANGES = 500


class History(AtRevision, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of ``list_commits``."""

    path: Annotated[Path | None, says("only commits that changed this path")] = None
    limit: Annotated[int, says("most commits", ge=1, le=100)] = 20
    cursor: Annotated[Name | None, says("where the page before ended")] = None


class Compare(InRepository, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of ``compare``."""

    base: Annotated[str, says("branch, tag or commit to start from", min_length=1, max_length=500)]
    head: Annotated[str, says("branch, tag or commit to arrive at", min_length=1, max_length=500)]


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit; ``date`` is UTC milliseconds."""

    commit: str
    title: str
    description: str
    author: str
    date: int


class Commits(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a history, newest first."""

    commits: list[Commit]
    cursor: Annotated[str | None, says("continues the list; null on the last page")]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How one file differs; a side that lacks it has no size."""

    path: str
    change: Literal["added", "modified", "removed"]
    size_before: int | None
    size_after: int | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The files that differ, by path."""

    changes: list[Change]
    complete: Annotated[bool, says(f"false where more than {CHANGES} files differ")]


def tools() -> list[Tool]:
    """The tools of this theme."""
    return [
        Tool(
            name="list_commits",
            title="Show the history",
            description="The commits that led to a revision, newest first, of the whole repository or of one path.",
            takes=History,
            gives=Commits,
            call=list_commits,
        ),
        Tool(
            name="compare",
            title="Compare two revisions",
            description="Which files differ between two revisions of a repository.",
            takes=Compare,
            gives=Comparison,
            call=compare,
        ),
    ]


async def list_commits(caller: Caller, asked: History) -> Commits:
    """A page of the history."""
    repository = await caller.open(asked)
    page = await caller.services.revisions.history(
        repository, asked.revision or repository.default_branch, asked.cursor, asked.limit, asked.path
    )
    return Commits(commits=[_commit(item) for item in page.items], cursor=page.cursor)


async def compare(caller: Caller, asked: Compare) -> Comparison:
    """The differences, up to a bound."""
    repository = await caller.open(asked)
    found = await caller.services.revisions.diff(repository, asked.base, asked.head, CHANGES + 1)
    return Comparison(changes=[_change(item) for item in found[:CHANGES]], complete=len(found) <= CHANGES)


def _commit(found: model.Commit) -> Commit:
    return Commit(
        commit=found.sha, title=found.title, description=found.body, author=found.author_name, date=found.date
    )


def _change(found: model.Change) -> Change:
    verb: Literal["added", "modified", "removed"] = "modified"
    if found.before is None or found.after is None:
        verb = "added" if found.before is None else "removed"
    sizes = [side.size if side else None for side in (found.before, found.after)]
    return Change(path=found.path, change=verb, size_before=sizes[0], size_after=sizes[1])
