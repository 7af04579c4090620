"""``commonground repositories``: find, create and change repositories."""

import sys
from itertools import islice
from typing import Literal

import cyclopts

from commonground.accounts.model import RepositoryKind, Visibility
from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean, done, fields, size_text, table, time_text
from commonground.errors import BadRequest
from commonground.gateways.native.wire import Repository, RepositoryDetails, Sort

app = cyclopts.App(name="repositories", help="Find, create and change repositories.")


@app.command(name="list")
def list_repositories(
    *words: str,
    kind: RepositoryKind | None = None,
    owner: str = "",
    tag: tuple[str, ...] = (),
    sort: Sort = "trendingScore",
    limit: int = 30,
    options: Options = DEFAULTS,
) -> None:
    """Search repositories.

    Parameters
    ----------
    words
        Words of the name, the tags or the card.
    kind
        Only this kind.
    owner
        Only those of this user or organisation.
    tag
        Only those with this tag; may be given several times.
    sort
        The order, largest first.
    limit
        How many to show at most.

    """
    with options.hub() as hub:
        found = hub.list_repositories(kind, text=" ".join(words), owner=owner, tags=tag, sort=sort, page=limit)
        answer(list(islice(found, limit)), options, _table)


@app.command(name="show")
def get_repository(repository: str, *, options: Options = DEFAULTS) -> None:
    """Show what is known about a repository.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.

    """
    with options.hub() as hub:
        answer(hub.get_repository(repository), options, _details)


@app.command(name="link")
def create_link(repository: str, *, hours: int = 1, options: Options = DEFAULTS) -> None:
    """Make a token for addresses: ADDRESS?token=TOKEN reads its files.

    For clients that can send no credentials (tensorflow_hub, torch.hub, wget). Whoever has the address can use it.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    hours
        How long it shall last, a week (168) at most.

    """
    with options.hub() as hub:
        answer(hub.create_link(repository, seconds=hours * 3600), options, lambda link: print(link.token))


@app.command(name="create")
def create_repository(
    repository: str,
    *,
    visibility: Visibility | None = None,
    sdk: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Create a repository with a first commit.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    visibility
        Who may see it; default: what its owner chose.
    sdk
        What a space is made with.

    """
    with options.hub() as hub:
        made = hub.create_repository(repository, visibility=visibility, options={"sdk": sdk} if sdk else None)
        answer(made, options, lambda new: print(f"created {new.kind} {new.id}"))


@app.command(name="settings")
def update_repository(
    repository: str,
    *,
    visibility: Visibility | None = None,
    gated: Literal["off", "auto", "manual"] | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Change the settings of a repository.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    visibility
        Who may see it.
    gated
        Whether its files are for those only who were given access.

    """
    gate = None if gated is None else "" if gated == "off" else gated
    with options.hub() as hub:
        answer(hub.update_repository(repository, visibility=visibility, gated=gate), options, _details)


@app.command(name="delete")
def delete_repository(repository: str, *, yes: bool = False, options: Options = DEFAULTS) -> None:
    """Remove a repository and its history for ever.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    yes
        Do not ask.

    """
    _confirm(repository, yes)
    with options.hub() as hub:
        hub.delete_repository(repository)
    done(f"deleted {repository}", options)


@app.command(name="move")
def move_repository(repository: str, to: str, *, options: Options = DEFAULTS) -> None:
    """Give a repository another name or owner; the old name keeps leading to it.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    to
        The new owner/name.

    """
    with options.hub() as hub:
        answer(hub.move_repository(repository, to), options, lambda new: print(f"{clean(repository)} is now {new.id}"))


@app.command(name="duplicate")
def duplicate_repository(
    repository: str, to: str, *, visibility: Visibility | None = None, options: Options = DEFAULTS
) -> None:
    """Copy a repository with all its history; no content is stored twice.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    to
        The owner/name of the copy.
    visibility
        Who may see the copy; default: like the source.

    """
    with options.hub() as hub:
        made = hub.duplicate_repository(repository, to, visibility=visibility)
        answer(made, options, lambda new: print(f"created {new.kind} {new.id}"))


def _confirm(repository: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadRequest(reason=f"this would delete {repository} for ever; add --yes")
    print(f"Delete {clean(repository)} and its history for ever? Type its name: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != repository:
        raise BadRequest(reason="nothing was deleted: that is not the name")


def _table(found: list[Repository]) -> None:
    rows = [
        (item.kind, item.id, item.visibility, size_text(item.used_storage), str(item.downloads), str(item.likes),
         time_text(item.updated_at))
        for item in found
    ]  # fmt: skip
    table(("Kind", "Repository", "Visibility", "Size", "Downloads", "Likes", "Updated"), rows)


def _details(found: RepositoryDetails) -> None:
    names = ("kind", "id", "visibility", "gated", "default_branch", "head", "description", "pipeline_tag", "library",
             "license", "parameters", "downloads", "likes")  # fmt: skip
    pairs: list[tuple[str, object]] = [(name, value) for name in names if (value := getattr(found, name)) is not None]
    pairs += [("tags", ", ".join(found.tags)), ("used_storage", size_text(found.used_storage))]
    pairs += [("created", time_text(found.created_at)), ("updated", time_text(found.updated_at))]
    fields(pairs)
