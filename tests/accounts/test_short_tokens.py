"""Signed tokens that stand for who asked for them."""

import pytest

from commonground.accounts.model import ANONYMOUS, Credentials, Principal
from commonground.accounts.service import Accounts
from commonground.accounts.short_tokens import ShortTokens
from commonground.accounts.signing import Signer
from commonground.database import Database
from commonground.errors import InvalidCredentials

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database)


@pytest.fixture
def tokens(database: Database, accounts: Accounts) -> ShortTokens:
    return ShortTokens(database, accounts, Signer(bytes(32)))


async def by_access_token(accounts: Accounts) -> Principal:
    account = await accounts.create_user("alice", by_admin=True)
    text = await accounts.create_token(account.id, name="test", role="read")
    return await accounts.authenticate(Credentials("bearer", secret=text))


async def test_a_token_stands_for_the_access_token(accounts: Accounts, tokens: ShortTokens) -> None:
    caller = await by_access_token(accounts)
    text = tokens.issue(caller, "test", 60)
    assert await tokens.find(text, "test") == caller
    with pytest.raises(InvalidCredentials):
        await tokens.find(text, "other")
    assert caller.account_id
    assert caller.token_id
    await accounts.revoke_token(caller.account_id, caller.token_id)
    with pytest.raises(InvalidCredentials):
        await tokens.find(text, "test")


async def test_a_token_stands_for_the_account(accounts: Accounts, tokens: ShortTokens) -> None:
    account = await accounts.create_user("alice", by_admin=True)
    text = tokens.issue(Principal(account_id=account.id, name="alice", via="password"), "test", 60)
    found = await tokens.find(text, "test")
    assert (found.account_id, found.name, found.token_role) == (account.id, "alice", None)
    await accounts.set_disabled(account.id, disabled=True)
    with pytest.raises(InvalidCredentials):
        await tokens.find(text, "test")


async def test_nobody_has_a_token_too_and_it_expires(tokens: ShortTokens) -> None:
    assert await tokens.find(tokens.issue(ANONYMOUS, "test", 60), "test") == ANONYMOUS
    with pytest.raises(InvalidCredentials):
        await tokens.find(tokens.issue(ANONYMOUS, "test", 0), "test")
    with pytest.raises(InvalidCredentials):
        await tokens.find("no.token", "test")
