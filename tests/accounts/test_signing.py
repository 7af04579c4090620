import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.accounts.signing import Signer, master_key
from commonground.database import Database
from commonground.errors import InvalidCredentials, InvalidSetting
from commonground.settings import Settings

SIGNER = Signer(b"k" * 32)
PAYLOAD = {"account": 7, "access": "write", "name": "o/é"}


def refused(purpose: str, text: str, signer: Signer = SIGNER) -> bool:
    try:
        signer.verify(purpose, text)
    except InvalidCredentials:
        return True
    return False


def test_a_payload_comes_back_as_it_was_signed() -> None:
    assert SIGNER.verify("xet", SIGNER.sign("xet", PAYLOAD, 60)) == PAYLOAD


def test_a_token_is_safe_in_a_url() -> None:
    assert set(SIGNER.sign("xet", PAYLOAD, 60)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )


def test_a_token_of_another_purpose_or_key_is_refused() -> None:
    text = SIGNER.sign("xet", PAYLOAD, 60)
    assert refused("lfs", text)
    assert refused("xet", text, Signer(b"K" * 32))


@pytest.mark.parametrize("seconds", [0, -10])
def test_an_expired_token_is_refused(seconds: int) -> None:
    assert refused("xet", SIGNER.sign("xet", PAYLOAD, seconds))


@given(st.data())
def test_no_change_to_a_token_goes_unnoticed(data: st.DataObject) -> None:
    text = SIGNER.sign("xet", PAYLOAD, 60)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    assert changed == text or refused("xet", changed)


@given(st.text(max_size=200) | st.just("x" * 10_000) | st.just("e30."))
def test_no_other_text_is_a_token(text: str) -> None:
    assert refused("xet", text)


keys = st.text(max_size=10).filter(lambda key: key != "exp")


@given(st.dictionaries(keys, st.integers(-(2**53), 2**53) | st.text(max_size=20) | st.booleans() | st.none()))
def test_every_json_payload_survives(payload: dict[str, Any]) -> None:
    assert SIGNER.verify("p", SIGNER.sign("p", payload, 60)) == payload


def test_a_derived_key_depends_on_its_purpose() -> None:
    assert len({SIGNER.derive("a"), SIGNER.derive("b"), Signer(b"o" * 32).derive("a")}) == 3


def test_verifying_is_quick() -> None:
    text = SIGNER.sign("xet", PAYLOAD, 60)
    began = time.process_time()
    for _ in range(1000):
        SIGNER.verify("xet", text)
    assert time.process_time() - began < 0.1


@pytest.mark.anyio
async def test_the_master_key_is_made_once(database: Database) -> None:
    made = await master_key(database, Settings())
    assert len(made) == 32
    assert await master_key(database, Settings()) == made
    other = Database(database.url)
    assert await master_key(other, Settings()) == made
    other.close()


@pytest.mark.anyio
async def test_a_configured_key_wins_and_must_be_long(sqlite: Database) -> None:
    made = await master_key(sqlite, Settings())
    configured = await master_key(sqlite, Settings(secret_key="x" * 32))
    assert configured != made
    assert len(configured) == 32
    with pytest.raises(InvalidSetting):
        await master_key(sqlite, Settings(secret_key="short"))
