"""Upload sessions, on every database."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from commonground.database import Database
from commonground.errors import (
    BadRequest,
    BlobNotFound,
    DigestMismatch,
    SizeMismatch,
    UploadNotFound,
    UploadOutOfOrder,
)
from commonground.settings import Settings
from commonground.store import uploads as module
from commonground.store.maintenance import Maintenance
from commonground.store.model import Part, Session
from commonground.store.service import Store
from commonground.store.uploads import Uploads
from tests.store.conftest import ALICE, BOB, SECRET
from tests.store.samples import noise

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def uploads(database: Database, store: Store, settings: Settings) -> Uploads:
    return Uploads(database, store, settings)


@pytest.fixture
async def session(uploads: Uploads) -> Session:
    return await uploads.begin(ALICE, "test", {"name": "größe", "n": [1]})


async def body(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


async def content(store: Store, file_hash: bytes) -> bytes:
    return await store.read_bytes(file_hash)


async def test_details_come_back_to_the_account_and_purpose_alone(uploads: Uploads, session: Session) -> None:
    found = await uploads.find(session.id, ALICE, "test")
    assert found == session
    assert found.details == {"name": "größe", "n": [1]}
    for account, purpose in ((BOB, "test"), (None, "test"), (ALICE, "other")):
        with pytest.raises(UploadNotFound):
            await uploads.find(session.id, account, purpose)
    with pytest.raises(UploadNotFound):
        await uploads.find("x" * 5000, ALICE, "test")


async def test_parts_in_any_order_become_one_file(uploads: Uploads, store: Store, session: Session) -> None:
    data = noise(300_000)
    await uploads.put_part(session, 3, body(data[200_000:]))
    await uploads.put_part(session, 1, body(b"to be replaced"))
    await uploads.put_part(session, 2, body(data[100_000:150_000], data[150_000:200_000]), size=100_000)
    await uploads.put_part(session, 1, body(data[:100_000]))
    assert (await uploads.find(session.id, ALICE, "test")).size == len(data)
    assert [part.number for part in await uploads.parts(session)] == [1, 2, 3]
    assert [part.number for part in await uploads.parts(session, after=1, limit=1)] == [2]

    file = await uploads.complete(session, sha256=sha256(data))

    assert (file.size, file.sha256) == (len(data), sha256(data))
    assert await content(store, file.hash) == data
    assert await store.database.read(store.usable, ALICE, SECRET, sha256(data)) == file
    with pytest.raises(UploadNotFound):
        await uploads.find(session.id, ALICE, "test")


async def test_chosen_parts_are_joined_in_the_order_given(uploads: Uploads, store: Store, session: Session) -> None:
    for number, data in enumerate((b"one", b"two", b"three"), 1):
        await uploads.put_part(session, number, body(data))
    with pytest.raises(UploadNotFound, match="part 7"):
        await uploads.complete(session, [1, 7])
    assert await content(store, (await uploads.complete(session, [3, 1])).hash) == b"threeone"


async def test_one_part_is_taken_as_it_is(uploads: Uploads, session: Session) -> None:
    part = await uploads.put_part(session, 5, body(b"whole"))
    with pytest.raises(DigestMismatch):
        await uploads.complete(session, sha256=bytes(32))
    assert (await uploads.complete(session, sha256=sha256(b"whole"))).hash == part.file_hash


async def test_nothing_makes_the_empty_file(uploads: Uploads, session: Session) -> None:
    assert await uploads.append(session, 0, body()) == Part(number=1, file_hash=bytes(32), sha256=sha256(b""), size=0)
    assert await uploads.parts(session) == []
    assert (await uploads.complete(session, sha256=sha256(b""))).size == 0


async def test_what_was_completed_is_not_completed_again(uploads: Uploads, session: Session) -> None:
    await uploads.append(session, 0, body(b"words"))
    await uploads.complete(session)
    for again in (uploads.complete(session), uploads.join(session), uploads.complete(session, [1])):
        with pytest.raises(UploadNotFound, match=session.id):
            await again


@pytest.mark.parametrize("pieces", [[b"one"], [b"one", b"two"]])
async def test_of_many_that_complete_at_once_none_gets_another_file(
    uploads: Uploads, session: Session, pieces: list[bytes]
) -> None:
    for number, piece in enumerate(pieces, 1):
        await uploads.put_part(session, number, body(piece))
    results = await asyncio.gather(*(uploads.complete(session) for _ in range(8)), return_exceptions=True)
    files = [result for result in results if not isinstance(result, BaseException)]
    assert {file.sha256 for file in files} == {sha256(b"".join(pieces))}
    assert all(isinstance(result, UploadNotFound) for result in results if isinstance(result, BaseException))


async def test_a_wrong_digest_leaves_the_session(uploads: Uploads, session: Session) -> None:
    await uploads.append(session, 0, body(b"one"))
    await uploads.append(session, 3, body(b"two"))
    with pytest.raises(DigestMismatch):
        await uploads.complete(session, sha256=bytes(32))
    assert (await uploads.find(session.id, ALICE, "test")).size == 6
    assert (await uploads.complete(session, sha256=sha256(b"onetwo"))).size == 6


async def test_appending_goes_on_where_the_upload_ends(uploads: Uploads, session: Session) -> None:
    await uploads.append(session, 0, body(b"12345"))
    for offset in (0, 4, 6):
        with pytest.raises(UploadOutOfOrder) as refused:
            await uploads.append(session, offset, body(b"x"))
        assert refused.value.details["size"] == 5
    await uploads.append(session, 5, body(b"678"))
    assert (await uploads.complete(session)).sha256 == sha256(b"12345678")


async def test_of_many_that_append_at_one_place_one_does(uploads: Uploads, session: Session) -> None:
    bodies = [bytes([65 + number]) * 10 for number in range(8)]
    results = await asyncio.gather(*(uploads.append(session, 0, body(data)) for data in bodies), return_exceptions=True)
    won = [result for result in results if isinstance(result, Part)]
    assert len(won) == 1
    assert all(isinstance(result, UploadOutOfOrder) for result in results if result not in won)
    assert [part.sha256 for part in await uploads.parts(session)] == [won[0].sha256]
    assert (await uploads.find(session.id, ALICE, "test")).size == 10


async def test_parts_sent_at_once_are_all_counted(uploads: Uploads, session: Session) -> None:
    await asyncio.gather(*(uploads.put_part(session, number, body(b"x" * number)) for number in range(1, 9)))
    assert (await uploads.find(session.id, ALICE, "test")).size == sum(range(1, 9))


async def test_a_body_that_breaks_off_leaves_nothing(uploads: Uploads, session: Session) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ConnectionResetError

    for sending in (uploads.append(session, 0, broken()), uploads.put_part(session, 1, broken())):
        with pytest.raises(ConnectionResetError):
            await sending
    with pytest.raises(SizeMismatch):
        await uploads.put_part(session, 1, body(b"short"), size=6)
    assert await uploads.parts(session) == []


async def test_an_ended_session_takes_nothing(uploads: Uploads, session: Session) -> None:
    await uploads.abort(session)
    await uploads.abort(session)
    with pytest.raises(UploadNotFound):
        await uploads.append(session, 0, body(b"x"))
    with pytest.raises(UploadNotFound):
        await uploads.put_part(session, 1, body(b"x"))


async def test_a_session_that_ends_while_a_body_arrives(uploads: Uploads, session: Session) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await uploads.abort(session)

    with pytest.raises(UploadNotFound):
        await uploads.append(session, 0, slow())


@pytest.mark.parametrize("number", [-1, 0, module.PART_LIMIT + 1])
async def test_part_numbers_have_bounds(uploads: Uploads, session: Session, number: int) -> None:
    with pytest.raises(BadRequest):
        await uploads.put_part(session, number, body(b"x"))


async def test_a_session_has_a_bounded_number_of_parts(
    uploads: Uploads, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_LIMIT", 1)
    await uploads.append(session, 0, body(b"x"))
    with pytest.raises(BadRequest, match="at most 1"):
        await uploads.append(session, 1, body(b"x"))


async def test_what_expired_is_gone_and_reaped_with_its_parts(
    uploads: Uploads, store: Store, settings: Settings, session: Session, maintenance: Maintenance
) -> None:
    short = Uploads(store.database, store, Settings(data=settings.data, upload_lease_seconds=0))
    expired = await short.begin(ALICE, "test", {})
    part = await uploads.put_part(expired, 1, body(noise(1000)))
    with pytest.raises(UploadNotFound):
        await uploads.find(expired.id, ALICE, "test")
    with pytest.raises(UploadNotFound):
        await uploads.append(expired, 1000, body(b"x"))
    assert await uploads.reap() == 1
    assert await uploads.reap() == 0
    assert await uploads.find(session.id, ALICE, "test") == session
    assert (await maintenance.gc(grace=-1)).files == 1
    with pytest.raises(BlobNotFound):
        await content(store, part.file_hash)


async def test_the_sessions_of_an_account(uploads: Uploads) -> None:
    begun = sorted([(await uploads.begin(ALICE, "test", {"n": number})).id for number in range(3)])
    await uploads.begin(ALICE, "other", {})
    await uploads.begin(BOB, "test", {})
    assert [found.id for found in await uploads.of_account(ALICE, "test")] == begun
    assert [found.id for found in await uploads.of_account(ALICE, "test", begun[0], limit=1)] == [begun[1]]


async def test_a_session_whose_parts_are_joined_goes_on(uploads: Uploads, session: Session) -> None:
    for number in (1, 2):
        await uploads.put_part(session, number, body(b"%d" % number))
    joined = await uploads.join(session, [2, 1])
    assert joined.sha256 == sha256(b"21")
    assert len(await uploads.parts(await uploads.find(session.id, ALICE, "test"))) == 2
