"""The NDJSON body of a commit."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import BadRequest, CommongroundError, InvalidCommit, PayloadTooLarge
from commonground.gateways.huggingface.commit_body import OVERHEAD, read_commit
from commonground.hub.revisions.model import (
    AddFile,
    AddPointer,
    CommitRequest,
    CopyFile,
    DeleteFile,
    DeleteFolder,
)

HEADER = {"key": "header", "value": {"summary": "Title", "description": "Body", "parentCommit": "ab" * 20}}


def line(key: str, **value: object) -> dict[str, object]:
    return {"key": key, "value": value}


def body(*lines: object) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in lines)


def read(data: bytes, limit: int = 1000, cuts: Iterable[int] = ()) -> CommitRequest:
    places = [0, *sorted(cuts), len(data)]

    async def parts() -> AsyncIterator[bytes]:
        for start, end in pairwise(places):
            yield data[start:end]

    async def run() -> CommitRequest:
        return await read_commit(parts(), limit)

    return anyio.run(run)


def test_every_operation_is_understood() -> None:
    request = read(
        body(
            HEADER,
            line("file", path="a.txt", content=b64encode(b"hello").decode(), encoding="base64"),
            line("file", path="b.txt", content="plain", encoding="utf-8"),
            line("lfsFile", path="c.bin", algo="sha256", oid="0f" * 32, size=5),
            line("lfsFile", path="d.bin", algo="sha256", oid="0f" * 32),
            line("deletedFile", path="e"),
            line("deletedFolder", path="f/"),
            line("copyFile", path="g", srcPath="h", srcRevision="v1"),
        )
    )
    assert (request.title, request.description, request.parent) == ("Title", "Body", "ab" * 20)
    assert request.operations == [
        AddFile(path="a.txt", content=b"hello"),
        AddFile(path="b.txt", content=b"plain"),
        AddPointer(path="c.bin", sha256="0f" * 32, size=5),
        AddPointer(path="d.bin", sha256="0f" * 32),
        DeleteFile("e"),
        DeleteFolder("f"),
        CopyFile(path="g", source_path="h", source_revision="v1"),
    ]


@given(st.sets(st.integers(0, 200)))
def test_where_the_network_cuts_the_body_does_not_matter(cuts: set[int]) -> None:
    data = body(HEADER, line("deletedFile", path="a"), line("deletedFile", path="b"))
    assert read(data, cuts=[cut for cut in cuts if cut <= len(data)]) == read(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_commit_or_a_clear_error(data: bytes) -> None:
    try:
        read(data)
    except CommongroundError as error:
        status = error.status
    else:
        status = 400
    assert 400 <= status < 500


def test_the_last_line_needs_no_newline() -> None:
    assert read(body(HEADER, line("deletedFile", path="a")).rstrip()).operations == [DeleteFile("a")]


def test_a_line_longer_than_the_largest_file_is_refused_before_it_is_complete() -> None:
    endless = body(HEADER) + b'{"key":"file","value":{"content":"' + b"A" * (OVERHEAD + 2000)
    with pytest.raises(PayloadTooLarge):
        read(endless, limit=1000, cuts=range(0, len(endless), 512))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        body(line("deletedFile", path="a")),
        body({"key": "header", "value": {"summary": ""}}),
        body({"key": "header", "value": {}}),
        body(HEADER, {"key": "file", "value": {"path": "a"}}),
        body(HEADER, line("lfsFile", path="a", oid="short")),
        body(HEADER, line("lfsFile", path="a", oid="0f" * 32, algo="md5")),
        body(HEADER, line("lfsFile", path="a", oid="0f" * 32, size=-1)),
        body(HEADER) + b"[" * 100_000 + b"]" * 100_000,
        body(HEADER) + b'{"key":"x","value":' + b"[" * 20_000,
        body(HEADER) + b"\xff\xfe",
        b"not json",
    ],
)
def test_what_is_not_a_commit_is_a_bad_request(data: bytes) -> None:
    with pytest.raises((BadRequest, PayloadTooLarge)):
        read(data, limit=1_000_000)


@pytest.mark.parametrize("bad", [line("unknown", path="a"), line("file", path="a", content="***", encoding="base64")])
def test_an_operation_that_cannot_be_applied_is_named(bad: dict[str, object]) -> None:
    with pytest.raises(InvalidCommit):
        read(body(HEADER, bad))
