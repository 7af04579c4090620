"""Xorbs are verified on the way in and on the way out."""

from __future__ import annotations

import asyncio
import os

import pytest

from commonground.errors import CorruptBlob, InvalidXorb
from commonground.settings import Settings
from commonground.store.service import Store
from commonground.store.xet.hashing import to_hex
from commonground.store.xet.xorb_footer import build_footer
from tests.store.conftest import ALICE, BOB
from tests.store.samples import flip, noise, objects, packed, run

BODY, XORB = packed(noise(400_000))
NAME = to_hex(XORB.hash)


def test_a_xorb_is_kept_once(store: Store, settings: Settings) -> None:
    assert run(store.put_xorb(ALICE, NAME, BODY)) is True
    assert run(store.put_xorb(ALICE, NAME, BODY)) is False
    assert run(store.put_xorb(BOB, NAME, bytearray(BODY))) is False
    assert [path.read_bytes() for path in objects(settings.data)] == [BODY]


def test_only_who_sent_a_xorb_has_it(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    assert run(store.has_xorb(ALICE, NAME)) is True
    assert run(store.has_xorb(BOB, NAME)) is False
    assert run(store.has_xorb(None, NAME)) is False


def test_a_footer_is_checked_and_not_stored(store: Store, settings: Settings) -> None:
    run(store.put_xorb(ALICE, NAME, BODY + build_footer(XORB.hash, XORB.index())))
    assert [path.read_bytes() for path in objects(settings.data)] == [BODY]


def test_what_does_not_verify_is_refused_and_leaves_nothing(store: Store, settings: Settings) -> None:
    middle = len(BODY) // 2
    changed = bytearray(BODY)
    changed[middle] ^= 1
    for body in (b"", BODY[:-1], BODY[:-100], BODY + b"x", bytes(changed), b"\xff" * 100, BODY[1:]):
        with pytest.raises(InvalidXorb):
            run(store.put_xorb(ALICE, NAME, body))
    with pytest.raises(InvalidXorb, match="xorb hash is"):
        run(store.put_xorb(ALICE, "0" * 64, BODY))
    with pytest.raises(InvalidXorb, match="64 lowercase hex digits"):
        run(store.put_xorb(ALICE, "../../etc/passwd", BODY))
    assert objects(settings.data) == []
    assert run(store.has_xorb(ALICE, NAME)) is False


def test_knowing_the_hash_of_a_known_xorb_grants_nothing(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    with pytest.raises(InvalidXorb):
        run(store.put_xorb(BOB, NAME, BODY[: len(BODY) // 2]))
    assert run(store.has_xorb(BOB, NAME)) is False


def test_uploads_of_one_xorb_at_the_same_time_leave_one_object(store: Store, settings: Settings) -> None:
    async def race() -> list[bool]:
        return await asyncio.gather(*(store.put_xorb(account, NAME, BODY) for account in range(1, 7)))

    assert sorted(run(race())) == [False] * 5 + [True]
    assert [path.read_bytes() for path in objects(settings.data)] == [BODY]
    assert all(run(store.has_xorb(account, NAME)) for account in range(1, 7))


def test_bytes_are_read_as_stored(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    for start, end in ((0, len(BODY)), (0, 1), (len(BODY) - 1, len(BODY)), (100_000, 300_000)):
        assert run(store.read_xorb(XORB.hash, start, end)) == BODY[start:end]


@pytest.mark.parametrize("settled", [False, True], ids=["just written", "written by another process"])
def test_a_flipped_byte_is_never_served(store: Store, settings: Settings, settled: bool) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    if settled:
        store = Store(store.database, store.backend, settings, store._guard)
    flip(objects(settings.data)[0], len(BODY) // 2)
    with pytest.raises(CorruptBlob):
        run(store.read_xorb(XORB.hash, 0, len(BODY)))
    with pytest.raises(CorruptBlob):
        run(store.read_xorb(XORB.hash, len(BODY) // 2, len(BODY) // 2 + 1))
    with pytest.raises(CorruptBlob):
        run(store.xorbs.intact_path(XORB.hash))
    assert run(store.read_xorb(XORB.hash, 0, 10)) == BODY[:10], "the other chunks are sound"


@pytest.mark.parametrize("damage", ["gone", "short"])
def test_a_lost_object_is_damage(store: Store, settings: Settings, damage: str) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    [path] = objects(settings.data)
    if damage == "gone":
        path.unlink()
    else:
        os.truncate(path, 1000)
    with pytest.raises(CorruptBlob):
        run(store.read_xorb(XORB.hash, 0, len(BODY)))


def test_uploading_again_heals(store: Store, settings: Settings) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    objects(settings.data)[0].unlink()
    run(store.put_xorb(BOB, NAME, BODY))
    assert run(store.read_xorb(XORB.hash, 0, len(BODY))) == BODY
    assert len(objects(settings.data)) == 1


def test_an_unknown_xorb_cannot_be_read(store: Store) -> None:
    with pytest.raises(CorruptBlob):
        run(store.read_xorb(XORB.hash, 0, 10))


def test_a_xorb_healed_by_another_process_is_read_at_once(store: Store, settings: Settings) -> None:
    other = Store(store.database, store.backend, settings, store._guard)
    run(store.put_xorb(ALICE, NAME, BODY))
    assert run(other.read_xorb(XORB.hash, 0, 10)) == BODY[:10]
    objects(settings.data)[0].unlink()
    run(store.put_xorb(ALICE, NAME, BODY))
    assert run(other.read_xorb(XORB.hash, 0, len(BODY))) == BODY
    assert run(other.xorbs.chunks(XORB.hash, 0, 1))


def test_healing_at_the_same_time_leaves_one_object(store: Store, settings: Settings) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    objects(settings.data)[0].unlink()

    async def race() -> list[bool]:
        return await asyncio.gather(*(store.put_xorb(account, NAME, BODY) for account in range(1, 7)))

    assert run(race()) == [False] * 6
    assert [path.read_bytes() for path in objects(settings.data)] == [BODY]
    assert run(store.read_xorb(XORB.hash, 0, len(BODY))) == BODY
