"""Key pairs are derived from tokens: nothing is stored, and they end with the token."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from commonground.accounts.access_keys import AccessKeys
from commonground.accounts.model import ANONYMOUS, Credentials, Principal
from commonground.accounts.signing import Signer
from commonground.database.clock import now_ms
from commonground.errors import Forbidden, InvalidCredentials
from commonground.services import Services
from commonground.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def services(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Services]:
    async with await Services.open(Settings(data=tmp_path)) as opened:
        yield opened


async def caller(services: Services, name: str = "alice", value: str | None = None) -> Principal:
    account = await services.accounts.create_user(name)
    token = await services.accounts.create_token(account.id, name="t", role="write", value=value)
    return await services.accounts.authenticate(Credentials("bearer", secret=token))


async def test_a_pair_stands_for_the_owner_of_its_token(services: Services) -> None:
    alice = await caller(services)
    pair = await services.access_keys.issue(alice, "s3")
    assert pair == await services.access_keys.issue(alice, "s3")
    assert (len(pair.id), len(pair.secret)) == (24, 40)
    assert await services.access_keys.find(pair.id, "s3") == (alice, pair.secret)


async def test_a_pair_is_for_one_purpose_and_one_master_key(services: Services) -> None:
    alice = await caller(services)
    pair = await services.access_keys.issue(alice, "s3")
    other = await services.access_keys.issue(alice, "tc3")
    assert not {pair.id, pair.secret} & {other.id, other.secret}
    with pytest.raises(InvalidCredentials):
        await services.access_keys.find(pair.id, "tc3")
    elsewhere = AccessKeys(services.database, services.accounts, Signer(b"x" * 32))
    with pytest.raises(InvalidCredentials):
        await elsewhere.find(pair.id, "s3")


async def test_only_a_token_has_a_pair(services: Services) -> None:
    for nobody in (ANONYMOUS, Principal(account_id=1, name="alice", via="session")):
        with pytest.raises(Forbidden):
            await services.access_keys.issue(nobody, "s3")


async def test_a_pair_ends_with_its_token(services: Services) -> None:
    alice = await caller(services)
    pair = await services.access_keys.issue(alice, "s3")
    assert alice.account_id is not None
    await services.accounts.set_disabled(alice.account_id, True)
    with pytest.raises(InvalidCredentials):
        await services.access_keys.find(pair.id, "s3")
    await services.accounts.set_disabled(alice.account_id, False)
    assert alice.token_id is not None
    await services.accounts.revoke_token(alice.account_id, alice.token_id)
    with pytest.raises(InvalidCredentials):
        await services.access_keys.find(pair.id, "s3")
    with pytest.raises(Forbidden):
        await services.access_keys.issue(alice, "s3")


async def test_a_pair_expires_with_its_token(services: Services) -> None:
    alice = await caller(services)
    pair = await services.access_keys.issue(alice, "s3")
    await services.database.write(lambda c: c.execute(text("UPDATE token SET expires_at = :t"), {"t": now_ms() - 1}))
    with pytest.raises(InvalidCredentials):
        await services.access_keys.find(pair.id, "s3")


async def test_a_pair_does_not_pass_to_the_next_token_of_the_same_number(services: Services) -> None:
    alice = await caller(services)
    pair = await services.access_keys.issue(alice, "s3")
    assert alice.account_id is not None
    assert alice.token_id is not None
    await services.accounts.revoke_token(alice.account_id, alice.token_id)
    await caller(services, "bob")
    await services.database.write(lambda c: c.execute(text("UPDATE token SET id = :i"), {"i": alice.token_id}))
    with pytest.raises(InvalidCredentials):
        await services.access_keys.find(pair.id, "s3")


async def test_use_is_recorded_only_for_a_genuine_id(services: Services) -> None:
    alice = await caller(services)
    pair = await services.access_keys.issue(alice, "s3")
    await services.accounts.close()
    await services.database.write(lambda c: c.execute(text("UPDATE token SET last_used_at = NULL")))
    assert alice.token_id is not None
    with pytest.raises(InvalidCredentials):
        await services.access_keys.find(pair.id[:-1] + ("A" if pair.id[-1] != "A" else "B"), "s3")
    await services.accounts.close()
    assert (await services.accounts.token(alice.token_id)).last_used_at is None
    await services.access_keys.find(pair.id, "s3")
    await services.accounts.close()
    assert (await services.accounts.token(alice.token_id)).last_used_at is not None


@pytest.mark.parametrize(
    "text", ["", "CGAK", "CGAK" + "A" * 20, "CGAK" + "é" * 20, "CGAK" + "G" * 20, "CGAK" + " " * 20, "A" * 5000, "cgak"]
)
async def test_no_other_text_is_an_id(services: Services, text: str) -> None:
    with pytest.raises(InvalidCredentials):
        await services.access_keys.find(text, "s3")
