from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commonground.accounts.model import Principal
from commonground.services import Services
from commonground.settings import Settings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """The real services on a fresh directory."""
    async with await Services.open(Settings(data=tmp_path)) as opened:
        yield opened


@pytest.fixture
async def ada(services: Services) -> Principal:
    """A signed-in user."""
    account = await services.accounts.create_user("ada")
    return Principal(account_id=account.id, name="ada", via="token", token_role="write")
