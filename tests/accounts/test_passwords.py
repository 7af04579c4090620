import asyncio
import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters

from commonground.accounts import passwords as module
from commonground.accounts.passwords import Passwords
from commonground.errors import BadRequest, TooManyRequests, WeakPassword

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


async def test_only_the_password_matches_its_hash(quick: Passwords) -> None:
    hashed = await quick.hash(PASSWORD)
    assert hashed.startswith("$argon2id$")
    assert await quick.verify(hashed, PASSWORD)
    assert not await quick.verify(hashed, PASSWORD + "x")


async def test_the_same_text_in_another_unicode_form_matches(quick: Passwords) -> None:
    assert await quick.verify(await quick.hash("caf\u00e9 caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301 cafe\u0301")


async def test_short_passwords_are_refused_and_an_administrator_may_hand_out_shorter_ones(quick: Passwords) -> None:
    with pytest.raises(WeakPassword, match="12"):
        await quick.hash("12345678901")
    with pytest.raises(WeakPassword, match="8"):
        await quick.hash("1234567", by_admin=True)
    assert await quick.hash("12345678", by_admin=True)


async def test_endless_passwords_are_refused(quick: Passwords) -> None:
    with pytest.raises(BadRequest):
        await quick.hash("x" * 1025)
    assert not await quick.verify(await quick.hash(PASSWORD), "x" * 10**6)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$broken"])
async def test_a_damaged_hash_matches_nothing(quick: Passwords, stored: str) -> None:
    assert not await quick.verify(stored, PASSWORD)


async def test_no_account_costs_as_much_as_a_wrong_password() -> None:
    verified: list[str] = []

    class Recording(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - as in the base class
            verified.append(str(hash))
            return super().verify(hash, password)

    recording = Passwords(Recording(time_cost=1, memory_cost=8, parallelism=1))
    hashed = await recording.hash(PASSWORD)
    assert not await recording.verify(None, "something else")
    assert not await recording.verify(hashed, "something else")
    unknown, wrong = map(extract_parameters, verified)
    assert unknown == wrong


async def test_a_hash_of_lower_cost_is_outdated(quick: Passwords) -> None:
    assert Passwords().outdated(await quick.hash(PASSWORD))
    assert not quick.outdated(await quick.hash(PASSWORD))


async def test_a_flood_of_sign_ins_is_turned_away() -> None:
    active, most, release = 0, 0, threading.Event()

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - as in the base class
            nonlocal active, most
            active += 1
            most = max(most, active)
            release.wait(10)
            active -= 1
            return True

    slow = Passwords(Slow())
    room = module.AT_ONCE + module.WAITING
    waiting = [asyncio.create_task(slow.verify("hash", "x")) for _ in range(room)]
    await asyncio.sleep(0.05)
    with pytest.raises(TooManyRequests):
        await slow.verify("hash", "x")
    release.set()
    assert all(await asyncio.gather(*waiting))
    assert most <= module.AT_ONCE
    assert await slow.verify("hash", "x")
