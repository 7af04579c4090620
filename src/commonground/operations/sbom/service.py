"""Collects what a bill of materials says from the files and the card of a revision."""

from typing import Any

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.service import Revisions
from commonground.operations.cards import card_of
from commonground.operations.licences import licences
from commonground.operations.manifest.service import manifest_files
from commonground.operations.sbom import cyclonedx, spdx
from commonground.operations.sbom.model import Bill, Format, from_card, texts

FILES = 10_000
"""Most files of a revision that a bill of materials lists."""

_DOCUMENTS = {"cyclonedx": cyclonedx.document, "spdx": spdx.document}


async def bill_of(revisions: Revisions, repository: Repository, revision: str, origin: str) -> Bill:
    """What there is to say of a revision; :class:`TooManyFiles` above :data:`FILES` files."""
    commit = await revisions.commit_info(repository, revision)
    files = await manifest_files(revisions, repository, commit.sha, FILES)
    card, derived = await card_of(revisions, repository, commit.sha, [file.path for file in files])
    return Bill(
        kind=repository.kind,
        owner=repository.owner,
        name=repository.name,
        origin=origin,
        commit=commit.sha,
        date=commit.date,
        description=derived.description,
        licences=tuple(licences(card.metadata)),
        task=derived.pipeline_tag or "",
        library=derived.library_name or "",
        architectures=texts(derived.config.get("architectures")),
        tags=derived.tags,
        files=tuple(files),
        **from_card(card.metadata),
    )


def document(bill: Bill, format_: Format) -> dict[str, Any]:
    """The bill in the words of a standard, as JSON values."""
    return _DOCUMENTS[format_](bill)
