"""``commonground branches``: list, create and delete branches."""

import cyclopts

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, done, table
from commonground.gateways.native.wire import Ref

app = cyclopts.App(name="branches", help="List, create and delete branches.")


@app.command(name="list")
def list_branches(repository: str, *, options: Options = DEFAULTS) -> None:
    """List the branches of a repository.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.

    """
    with options.hub() as hub:
        answer(hub.list_refs(repository).branches, options, _table)


@app.command(name="create")
def create_branch(
    repository: str,
    branch: str,
    *,
    revision: str | None = None,
    empty: bool = False,
    overwrite: bool = False,
    options: Options = DEFAULTS,
) -> None:
    """Create a branch.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    branch
        Its name.
    revision
        Where it starts; default: the default branch.
    empty
        Start without any file.
    overwrite
        Move a branch that exists.

    """
    with options.hub() as hub:
        hub.create_branch(repository, branch, revision=revision, empty=empty, overwrite=overwrite)
    done(f"created {branch}", options)


@app.command(name="delete")
def delete_branch(repository: str, branch: str, *, options: Options = DEFAULTS) -> None:
    """Delete a branch.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    branch
        Its name.

    """
    with options.hub() as hub:
        hub.delete_branch(repository, branch)
    done(f"deleted {branch}", options)


def _table(found: list[Ref]) -> None:
    table(("Name", "Commit"), [(ref.name, ref.commit) for ref in found])
