"""The NDJSON body of a commit, read line by line with bounded memory."""

import binascii
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec

from commonground.errors import BadRequest, InvalidCommit, PayloadTooLarge
from commonground.hub.revisions.model import (
    AddFile,
    AddPointer,
    CommitRequest,
    CopyFile,
    DeleteFile,
    DeleteFolder,
    Operation,
)

OPERATIONS_LIMIT = 25_000
OVERHEAD = 65_536
"""Bytes a line may have beyond the base64 text of the largest regular file."""


class _Line(msgspec.Struct):
    key: str
    value: msgspec.Raw


class _Header(msgspec.Struct, rename="camel"):
    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=OVERHEAD)]
    description: Annotated[str, msgspec.Meta(max_length=OVERHEAD)] | None = None
    parent_commit: str | None = None


class _File(msgspec.Struct):
    path: str
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class _LargeFile(msgspec.Struct):
    path: str
    oid: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    algo: Literal["sha256"] = "sha256"
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Path(msgspec.Struct):
    path: str


class _Copy(msgspec.Struct, rename="camel"):
    path: str
    src_path: str
    src_revision: str | None = None


_line = msgspec.json.Decoder(_Line).decode
_header = msgspec.json.Decoder(_Header).decode
_file = msgspec.json.Decoder(_File).decode
_large_file = msgspec.json.Decoder(_LargeFile).decode
_path = msgspec.json.Decoder(_Path).decode
_copy = msgspec.json.Decoder(_Copy).decode


async def read_commit(parts: AsyncIterator[bytes], file_limit: int) -> CommitRequest:
    """The commit a body describes: a ``header`` line, then one line an operation.

    ``file_limit`` bounds one inline file, in bytes: a longer line is :class:`PayloadTooLarge`. Raises
    :class:`BadRequest` for what is not such a body and :class:`InvalidCommit` for an unknown operation.
    """
    header: _Header | None = None
    operations: list[Operation] = []
    async for line in _lines(parts, file_limit * 4 // 3 + OVERHEAD):
        try:
            key, value = _split(line)
            if header is None:
                header = _first(key, value)
            else:
                operations.append(_operation(key, value))
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise BadRequest(reason=f"line {len(operations) + 1 + (header is not None)}: {error}") from None
        if len(operations) > OPERATIONS_LIMIT:
            raise InvalidCommit(reason=f"more than {OPERATIONS_LIMIT} operations; split the commit")
    if header is None:
        raise BadRequest(reason="the first line must be the header")
    return CommitRequest(
        title=header.summary,
        description=header.description or "",
        parent=header.parent_commit,
        operations=operations,
    )


async def _lines(parts: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    pending: list[bytes] = []
    length = 0
    async for part in parts:
        *ended, rest = part.split(b"\n")
        for piece in ended:
            line = b"".join([*pending, piece])
            _check(len(line), limit)
            pending, length = [], 0
            if line.strip():
                yield line
        pending.append(rest)
        length += len(rest)
        _check(length, limit)
    last = b"".join(pending)
    if last.strip():
        yield last


def _check(length: int, limit: int) -> None:
    if length > limit:
        raise PayloadTooLarge(limit=limit)


def _split(line: bytes) -> tuple[str, msgspec.Raw]:
    decoded = _line(line)
    return decoded.key, decoded.value


def _first(key: str, value: msgspec.Raw) -> _Header:
    if key != "header":
        raise BadRequest(reason="the first line must be the header")
    return _header(value)


def _operation(key: str, value: msgspec.Raw) -> Operation:
    match key:
        case "file":
            file = _file(value)
            return AddFile(path=file.path, content=_content(file))
        case "lfsFile":
            large = _large_file(value)
            return AddPointer(path=large.path, sha256=large.oid, size=large.size)
        case "deletedFile":
            return DeleteFile(_path(value).path)
        case "deletedFolder":
            return DeleteFolder(_path(value).path.rstrip("/"))
        case "copyFile":
            copy = _copy(value)
            return CopyFile(path=copy.path, source_path=copy.src_path, source_revision=copy.src_revision)
    raise InvalidCommit(reason=f"unknown operation {key[:40]!r}")


def _content(file: _File) -> bytes:
    if file.encoding == "utf-8":
        return file.content.encode()
    try:
        return b64decode(file.content, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCommit(reason=f"the content of {file.path[:200]} is not base64") from None
