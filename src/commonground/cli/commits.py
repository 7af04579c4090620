"""``commonground commits`` and ``commonground diff``: history, several changes at once, comparisons."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import cyclopts
import msgspec
from cyclopts import Parameter

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean, table, time_text
from commonground.errors import BadRequest
from commonground.gateways.native.wire import Commit, Diff, Operation

app = cyclopts.App(name="commits", help="List and make commits.")


@app.command(name="list")
def list_commits(address: str, *, limit: int = 50, options: Options = DEFAULTS) -> None:
    """List the history of a revision, newest first.

    Parameters
    ----------
    address
        owner/name[@revision], datasets/owner/name[@revision] or the same with hub:// in front.
    limit
        How many to show at most.

    """
    with options.hub() as hub:
        answer(list(islice(hub.list_commits(address), limit)), options, _table)


@app.command(name="create")
def create_commit(
    address: str,
    operations: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    *,
    title: str,
    description: str = "",
    parent: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Make a commit of several changes, all or none.

    Parameters
    ----------
    address
        owner/name[@branch], datasets/owner/name[@branch] or the same with hub:// in front.
    operations
        A file with a JSON list such as [{"op": "write_text", "path": "a.txt", "text": "a"}, {"op": "delete", "path":
        "b.txt"}]; also write_bytes, write_large, copy and delete_folder. - is standard input.
    title
        First line of the commit message.
    description
        The commit message below its title.
    parent
        Refuse unless the branch is at this commit.

    """
    wanted = _read(operations)
    with options.hub() as hub:
        made = hub.create_commit(address, wanted, title=title, description=description, parent=parent)
        answer(made, options, lambda new: print(new.id, clean(new.title)))


def diff(address: str, base: str, head: str | None = None, *, options: Options = DEFAULTS) -> None:
    """Show which files differ between two revisions.

    Parameters
    ----------
    address
        owner/name, datasets/owner/name or the same with hub:// in front.
    base
        The older revision.
    head
        The newer revision; default: that of the address, else the default branch.

    """
    with options.hub() as hub:
        answer(hub.diff(address, base, head), options, _changes)


def _read(path: Path) -> list[Operation]:
    content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        return msgspec.json.decode(content, type=list[Operation])
    except msgspec.DecodeError as error:
        raise BadRequest(reason=f"{path} is not a list of operations: {error}") from None


def _table(found: list[Commit]) -> None:
    rows = [(commit.id[:12], time_text(commit.date), commit.author, commit.title) for commit in found]
    table(("Commit", "Date", "Author", "Title"), rows)


def _changes(found: Diff) -> None:
    for change in found.changes:
        mark = "A" if change.before is None else "D" if change.after is None else "M"
        print(mark, clean(change.path))
    if not found.complete:
        print(f"more than these {len(found.changes)} files differ", file=sys.stderr)
