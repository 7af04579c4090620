"""What counts as a download, and who may have the files."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from commonground.accounts.model import Principal
from commonground.gateways.archive.gateway import ArchiveGateway
from commonground.http.application import Application
from commonground.http.routing import Router
from commonground.hub.repositories.model import Repository
from commonground.services import Services
from commonground.settings import Settings

pytestmark = pytest.mark.anyio
ADDRESS = "/ada/tiny/archive/main/x.tar"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with await Services.open(Settings(data=tmp_path)) as opened:
        yield opened


@pytest.fixture
async def ada(services: Services) -> Principal:
    account = await services.accounts.create_user("ada")
    return Principal(account_id=account.id, name="ada", via="internal")


@pytest.fixture
async def tiny(services: Services, ada: Principal) -> Repository:
    return await services.repositories.create(ada, "model", "ada", "tiny", visibility="public")


@pytest.fixture
async def client(services: Services, tiny: Repository) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Application(Router(ArchiveGateway(services).routes())))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as made:
        yield made


async def _counted(services: Services) -> int:
    return await services.repositories.downloads.flush()


async def test_a_download_counts_once(services: Services, client: httpx.AsyncClient) -> None:
    await client.get(ADDRESS)
    await client.get(ADDRESS, headers={"Range": "bytes=0-9"})
    assert await _counted(services) == 1


async def test_the_first_range_counts(services: Services, client: httpx.AsyncClient) -> None:
    assert (await client.get(ADDRESS, headers={"Range": "bytes=0-9"})).status_code == 206
    assert await _counted(services) == 1


async def test_what_sends_no_beginning_does_not_count(services: Services, client: httpx.AsyncClient) -> None:
    tag = (await client.head(ADDRESS)).headers["etag"]
    assert (await client.get(ADDRESS, headers={"Range": "bytes=10-"})).status_code == 206
    assert (await client.get(ADDRESS, headers={"If-None-Match": tag})).status_code == 304
    assert await _counted(services) == 0


async def test_gated_files_need_access(
    services: Services, ada: Principal, tiny: Repository, client: httpx.AsyncClient
) -> None:
    await services.repositories.update_settings(ada, tiny, gated="manual")
    refused = await client.get(ADDRESS)
    assert refused.status_code == 401
    bob = await services.accounts.create_user("bob")
    token = await services.accounts.create_token(bob.id, name="t", role="read")
    answer = await client.get(ADDRESS, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "CG-1216")
