"""The card of a revision, and what follows from it."""

from collections.abc import Sequence

from commonground.errors import CommongroundError
from commonground.hub.cards.derive import derive
from commonground.hub.cards.front_matter import read_card
from commonground.hub.cards.inference import CONFIG_FILES, README
from commonground.hub.cards.model import Card, Derived, Facts
from commonground.hub.cards.observer import CONFIG_LIMIT, README_LIMIT, decode_object
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions


async def card_of(
    revisions: Revisions, repository: Repository, commit: str, paths: Sequence[str]
) -> tuple[Card, Derived]:
    """The README of a commit taken apart, and what it and the files at ``paths`` imply. A file that cannot be read
    counts as absent.
    """
    names = [README, *CONFIG_FILES] if repository.kind == "model" else [README]
    found = {entry.path: entry for entry in await revisions.paths(repository, commit, names)}
    readme = (await _read(revisions, repository, found.pop(README, None), README_LIMIT)).decode("utf-8", "replace")
    configs = {}
    for name, entry in found.items():
        if value := decode_object(await _read(revisions, repository, entry, CONFIG_LIMIT)):
            configs[name] = value
    return read_card(readme), derive(repository.kind, readme, Facts(paths=tuple(paths), configs=configs))


async def _read(revisions: Revisions, repository: Repository, entry: Entry | None, limit: int) -> bytes:
    if entry is None or entry.type != "file" or entry.size > limit:
        return b""
    try:
        return await revisions.read(repository, entry, 0, None, limit)
    except CommongroundError:
        return b""
