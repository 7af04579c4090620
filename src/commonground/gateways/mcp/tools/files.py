"""Reading cards and files, within bounds."""

import base64
from typing import Annotated, Any, Literal

import msgspec

from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound, RangeNotSatisfiable
from commonground.gateways.mcp.addresses import uri_of
from commonground.gateways.mcp.tools.model import AtRevision, Caller, Name, Path, Tool, says
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry

CARD = "README.md"
READ_LIMIT = 256 * 2**10
"""Most bytes of a file in one answer."""


class List(AtRevision, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of ``list_files``."""

    path: Annotated[Path, says("folder; default: the root")] = ""
    recursive: Annotated[bool, says("whether folders below are looked into")] = False
    limit: Annotated[int, says("most entries", ge=1, le=500)] = 100
    cursor: Annotated[Name | None, says("where the page before ended")] = None


class Read(AtRevision, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of ``read_file``."""

    path: Annotated[Path, says("path of the file", min_length=1)]
    start: Annotated[int, says("first byte", ge=0)] = 0
    length: Annotated[int, says("most bytes", ge=1, le=READ_LIMIT)] = 65_536
    encoding: Annotated[
        Literal["auto", "text", "base64"], says("auto: text where the bytes are UTF-8, else base64")
    ] = "auto"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder."""

    path: str
    type: Literal["file", "directory"]
    size: Annotated[int, says("bytes; 0 for a folder")]
    sha256: Annotated[str | None, says("of large files")]
    uri: Annotated[str | None, says("its resource; null for a folder")]


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a folder."""

    files: list[File]
    cursor: Annotated[str | None, says("continues the list; null on the last page")]


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes [start, end) of a file."""

    path: str
    commit: str
    size: Annotated[int, says("bytes of the whole file")]
    start: int
    end: int
    encoding: Literal["text", "base64"]
    content: str
    complete: Annotated[bool, says("whether this is the whole file")]


class CardText(msgspec.Struct, frozen=True, kw_only=True):
    """The README of a repository."""

    commit: str
    metadata: Annotated[dict[str, Any], says("what the card of the default branch declares")]
    text: str
    complete: Annotated[bool, says("false where the text was cut")]


def tools() -> list[Tool]:
    """The tools of this theme."""
    return [
        Tool(
            name="read_card",
            title="Read a card",
            description="The README of a repository: what it is for, how it was made, how to use it, its limits.",
            takes=AtRevision,
            gives=CardText,
            call=read_card,
            text=lambda found: found.text,
        ),
        Tool(
            name="list_files",
            title="List files",
            description="A page of the files and folders of a revision, with sizes.",
            takes=List,
            gives=Files,
            call=list_files,
        ),
        Tool(
            name="read_file",
            title="Read a file",
            description=f"Bytes of a file, as text or base64, at most {READ_LIMIT} at a time; a range of a larger one.",
            takes=Read,
            gives=Content,
            call=read_file,
            text=lambda found: found.content,
        ),
    ]


async def read_card(caller: Caller, asked: AtRevision) -> CardText:
    """The card; like on the page, that of a protected or gated repository's default branch is open to all."""
    repository = await caller.open(asked, Action.READ_METADATA)
    if asked.revision not in {None, repository.default_branch}:
        repository = await caller.open_files(asked)
    commit, entry = await find(caller, repository, asked.revision, CARD)
    data = await caller.services.revisions.read(repository, entry, 0, min(entry.size, READ_LIMIT))
    text = data.decode(errors="replace")
    return CardText(commit=commit, metadata=repository.card, text=text, complete=entry.size <= READ_LIMIT)


async def list_files(caller: Caller, asked: List) -> Files:
    """A page of a folder."""
    repository = await caller.open(asked)
    revision = asked.revision or repository.default_branch
    page = await caller.services.revisions.tree(
        repository,
        revision,
        asked.path.strip("/"),
        recursive=asked.recursive,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    files = [
        File(
            path=entry.path,
            type=entry.type,
            size=entry.size,
            sha256=entry.lfs.sha256 if entry.lfs else None,
            uri=uri_of(repository, revision, entry.path) if entry.type == "file" else None,
        )
        for entry in page.items
    ]
    return Files(files=files, cursor=page.cursor)


async def read_file(caller: Caller, asked: Read) -> Content:
    """A range of a file."""
    repository = await caller.open_files(asked)
    commit, entry = await find(caller, repository, asked.revision, asked.path.strip("/"))
    if asked.start > entry.size:
        raise RangeNotSatisfiable(size=entry.size)
    end = min(asked.start + asked.length, entry.size)
    data = await caller.services.revisions.read(repository, entry, asked.start, end)
    encoding, content, taken = _shown(data, asked.encoding, whole=end == entry.size)
    return Content(
        path=entry.path,
        commit=commit,
        size=entry.size,
        start=asked.start,
        end=asked.start + taken,
        encoding=encoding,
        content=content,
        complete=asked.start == 0 and taken == entry.size,
    )


async def find(caller: Caller, repository: Repository, revision: str | None, path: str) -> tuple[str, Entry]:
    """Commit and entry of a file; :class:`EntryNotFound` for a folder."""
    wanted = revision or repository.default_branch
    commit, entry = await caller.services.revisions.entry(repository, wanted, path)
    if entry.type != "file":
        raise EntryNotFound(path=entry.path)
    return commit, entry


def as_text(data: bytes, *, whole: bool) -> str | None:
    """``data`` as text, without a character that was cut at its end; ``None`` where it is not text."""
    for cut in range(1 if whole else 4):
        try:
            text = data[: len(data) - cut].decode()
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _shown(data: bytes, encoding: str, *, whole: bool) -> tuple[Literal["text", "base64"], str, int]:
    """Encoding, content, and how many of the bytes it holds."""
    if encoding == "text":
        return "text", data.decode(errors="replace"), len(data)
    text = as_text(data, whole=whole) if encoding == "auto" else None
    if text is not None:
        return "text", text, len(text.encode())
    return "base64", base64.b64encode(data).decode(), len(data)
