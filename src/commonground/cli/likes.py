"""``commonground like``, ``unlike``, ``likes`` and ``likers``."""

from itertools import islice

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, table, time_text
from commonground.gateways.native.wire import Like, Liker


def like(repository: str, *, options: Options = DEFAULTS) -> None:
    """Like a repository.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.

    """
    with options.hub() as hub:
        answer({"likes": hub.like_repository(repository)}, options, _number)


def unlike(repository: str, *, options: Options = DEFAULTS) -> None:
    """Take a like back.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.

    """
    with options.hub() as hub:
        answer({"likes": hub.unlike_repository(repository)}, options, _number)


def likes(user: str | None = None, *, limit: int = 100, options: Options = DEFAULTS) -> None:
    """List what a user likes, the newest like first.

    Parameters
    ----------
    user
        Name of the user; default: you.
    limit
        How many to show at most.

    """
    with options.hub() as hub:
        answer(list(islice(hub.list_likes(user), limit)), options, _likes)


def likers(repository: str, *, limit: int = 100, options: Options = DEFAULTS) -> None:
    """List who likes a repository, the newest like first.

    Parameters
    ----------
    repository
        owner/name, datasets/owner/name or hub://datasets/owner/name.
    limit
        How many to show at most.

    """
    with options.hub() as hub:
        answer(list(islice(hub.list_likers(repository), limit)), options, _likers)


def _number(shown: dict[str, int]) -> None:
    print(f"likes: {shown['likes']}")


def _likes(found: list[Like]) -> None:
    table(("Kind", "Repository", "Since"), [(item.kind, item.repository, time_text(item.created_at)) for item in found])


def _likers(found: list[Liker]) -> None:
    table(("Name", "Full name", "Since"), [(item.name, item.full_name, time_text(item.created_at)) for item in found])
