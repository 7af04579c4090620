"""``commonground tags``: list, create and delete tags."""

import cyclopts

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, done, table
from commonground.gateways.native.wire import Ref

app = cyclopts.App(name="tags", help="List, create and delete tags.")


@app.command(name="list")
def list_tags(repository: str, *, options: Options = DEFAULTS) -> None:
    """List the tags of a repository.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.

    """
    with options.hub() as hub:
        answer(hub.list_refs(repository).tags, options, _table)


@app.command(name="create")
def create_tag(
    repository: str, tag: str, *, revision: str | None = None, message: str = "", options: Options = DEFAULTS
) -> None:
    """Mark a revision with a tag.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    tag
        Its name.
    revision
        What it marks; default: the default branch.
    message
        Makes it an annotated tag.

    """
    with options.hub() as hub:
        hub.create_tag(repository, tag, revision=revision, message=message)
    done(f"created {tag}", options)


@app.command(name="delete")
def delete_tag(repository: str, tag: str, *, options: Options = DEFAULTS) -> None:
    """Delete a tag.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    tag
        Its name.

    """
    with options.hub() as hub:
        hub.delete_tag(repository, tag)
    done(f"deleted {tag}", options)


def _table(found: list[Ref]) -> None:
    table(("Name", "Commit"), [(ref.name, ref.commit) for ref in found])
