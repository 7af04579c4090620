"""Everything about a commit that its description needs and that does not depend on who asks."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from commonground.errors import CommongroundError
from commonground.gateways.croissant import parquet, text_tables
from commonground.gateways.croissant.columns import Column
from commonground.gateways.croissant.splits import TABLES, Group, groups
from commonground.gateways.croissant.thrift import Malformed
from commonground.hub.cards.model import Card
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions
from commonground.operations.cards import card_of
from commonground.operations.manifest.model import ManifestFile
from commonground.operations.manifest.service import is_content

FILES = 1_000
"""Most files of a description; tables come first."""
LISTED = 20_000
"""Most entries of a revision that are looked at."""
GROUPS = 100
"""Most splits whose columns are described; of each a quarter of a MiB is read at most."""
_HOUSEKEEPING = frozenset({".gitattributes", ".gitignore"})


class Table(msgspec.Struct, frozen=True):
    """The files of one split and the columns they share."""

    group: Group
    columns: tuple[Column, ...]


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """A commit of a data set. ``date`` is its time in UTC milliseconds, ``number`` how many commits led to it
    (counted up to 10,000); ``card`` the metadata of its README.
    """

    commit: str
    number: int
    date: int
    card: dict[str, Any]
    body: str
    description: str
    tags: tuple[str, ...]
    files: tuple[ManifestFile, ...]
    tables: tuple[Table, ...]


async def analyse(revisions: Revisions, repository: Repository, commit: str) -> Analysis:
    """Read what there is to say; files that cannot be read have no columns."""
    made = await revisions.commit_info(repository, commit)
    entries = await _entries(revisions, repository, commit)
    card, derived = await card_of(revisions, repository, commit, [entry.path for entry in entries])
    shown = sorted(entries, key=lambda entry: not entry.path.endswith(TABLES))[:FILES]
    digests = await revisions.sha256s(repository, shown)
    files = [
        ManifestFile(path=entry.path, size=entry.size, sha256=sha256)
        for entry, sha256 in sorted(zip(shown, digests, strict=True), key=lambda pair: pair[0].path)
    ]
    return Analysis(
        commit=commit,
        number=await revisions.count_commits(repository, commit),
        date=made.date,
        card=card.metadata,
        body=card.body,
        description=derived.description,
        tags=derived.tags,
        files=tuple(files),
        tables=tuple(await _tables(revisions, repository, card, {entry.path: entry for entry in shown})),
    )


async def _entries(revisions: Revisions, repository: Repository, commit: str) -> list[Entry]:
    found: list[Entry] = []
    cursor: str | None = None
    while len(found) < LISTED:
        page = await revisions.tree(repository, commit, recursive=True, cursor=cursor)
        found += [entry for entry in page.items if is_content(entry) and entry.path not in _HOUSEKEEPING]
        if (cursor := page.cursor) is None:
            break
    return found


async def _tables(
    revisions: Revisions, repository: Repository, card: Card, entries: Mapping[str, Entry]
) -> list[Table]:
    found: Sequence[Group] = await asyncio.to_thread(groups, card.metadata, list(entries))
    described = [(group, await _columns(revisions, repository, entries[group.paths[0]])) for group in found[:GROUPS]]
    return [Table(group, columns) for group, columns in described if columns]


async def _columns(revisions: Revisions, repository: Repository, entry: Entry) -> tuple[Column, ...]:
    """The columns of a file; none where it cannot be read or is not what its name says."""
    try:
        if entry.path.endswith(".parquet"):
            return await _parquet(revisions, repository, entry)
        head = await revisions.read(repository, entry, 0, min(entry.size, text_tables.HEAD))
    except (CommongroundError, Malformed):
        return ()
    whole = len(head) == entry.size
    if entry.path.endswith((".jsonl", ".ndjson")):
        return await asyncio.to_thread(text_tables.json_lines, head, whole=whole)
    delimiter = "\t" if entry.path.endswith(".tsv") else ","
    return await asyncio.to_thread(text_tables.delimited, head, delimiter, whole=whole)


async def _parquet(revisions: Revisions, repository: Repository, entry: Entry) -> tuple[Column, ...]:
    end = entry.size - parquet.TAIL
    if end < 0:
        raise Malformed("the file is too short")
    length = parquet.footer_length(await revisions.read(repository, entry, end, entry.size))
    if length > end:
        raise Malformed("the footer is longer than the file")
    start = end - length
    footer = await revisions.read(repository, entry, start, min(end, start + parquet.SCHEMA_LIMIT))
    return await asyncio.to_thread(parquet.columns, footer)
