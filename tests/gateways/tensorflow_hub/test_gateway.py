"""The one request of tensorflow_hub, and what it is refused."""

import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from commonground import app
from commonground.accounts.model import Principal
from commonground.gateways.tensorflow_hub.snippets import snippets
from commonground.http.application import Application
from commonground.http.gateway import Use
from commonground.http.routing import Router
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CommitRequest
from commonground.services import Services
from commonground.settings import Settings

pytestmark = pytest.mark.anyio

ASK = "tf-hub-format=compressed"
FILES = ("saved_model.pb", "variables/variables.index", "inner/saved_model.pbtxt", "other/README.md")


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
async def client(services: Services, ada: Principal) -> AsyncIterator[httpx.AsyncClient]:
    """The whole hub: public ``ada/tiny`` and private ``ada/hidden`` hold a SavedModel."""
    for name, visibility in (("tiny", "public"), ("hidden", "private")):
        made = await services.repositories.create(ada, "model", "ada", name, visibility=visibility)  # type: ignore[arg-type]
        operations = [AddFile(path=path, content=path.encode()) for path in FILES]
        await services.revisions.commit(made, ada, "main", CommitRequest(title="x", operations=[*operations]))
    router = Router()
    for route in app.routes(services, router):
        router.add(route)
    transport = httpx.ASGITransport(app=Application(router))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as made_client:
        yield made_client


def _names(data: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return {member.name for member in archive if member.isfile()}


async def test_the_root_has_the_saved_model(client: httpx.AsyncClient) -> None:
    for path in ("/ada/tiny", "/ada/tiny/tree/main", "/ada/tiny/tree/refs%2Fheads%2Fmain"):
        answer = await client.get(f"{path}?{ASK}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/gzip"
        assert {"saved_model.pb", "variables/variables.index"} <= _names(answer.content)


async def test_a_folder(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/ada/tiny/tree/main/inner?{ASK}")
    assert _names(answer.content) == {"saved_model.pbtxt"}


async def test_the_address_stays_the_page(client: httpx.AsyncClient) -> None:
    for path in ("/ada/tiny", "/ada/tiny/tree/main", "/ada/tiny/tree/main/inner"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        (f"/ada/tiny/tree/main/other?{ASK}", 404, "CG-1220"),
        (f"/ada/tiny/tree/main/nowhere?{ASK}", 404, "CG-1220"),
        (f"/ada/tiny/tree/main/saved_model.pb?{ASK}", 404, "CG-1220"),
        (f"/ada/tiny/tree/main/..%2F..?{ASK}", 404, "CG-1220"),
        (f"/ada/tiny/tree/unknown?{ASK}", 404, "CG-1203"),
        ("/ada/tiny?tf-hub-format=uncompressed", 400, "CG-1001"),
        ("/ada/tiny?tf-hub-format=", 400, "CG-1001"),
        (f"/ada/hidden?{ASK}", 401, "CG-1101"),
        (f"/ada/absent?{ASK}", 401, "CG-1101"),
        ("/ada/hidden?tf-hub-format=uncompressed", 401, "CG-1101"),
    ],
)
async def test_refusals(client: httpx.AsyncClient, address: str, status: int, code: str) -> None:
    answer = await client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_private_model_looks_absent_to_others(services: Services, client: httpx.AsyncClient) -> None:
    eve = await services.accounts.create_user("eve")
    token = await services.accounts.create_token(eve.id, name="t", role="write")
    for name in ("hidden", "absent"):
        answer = await client.get(f"/ada/{name}?{ASK}", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (404, "CG-1201")


async def test_a_download_counts_once(services: Services, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await client.get(f"/ada/tiny?{ASK}")
    assert await services.repositories.downloads.flush() == 1


def test_a_snippet_where_there_is_a_saved_model() -> None:
    model = Repository(id=1, kind="model", owner_id=1, owner="acme", name="tiny", visibility="public")
    assert snippets(Use(repository=model, origin="https://hub.example", paths=frozenset({"config.json"}))) == []
    [found] = snippets(Use(repository=model, origin="https://hub.example", paths=frozenset({"saved_model.pb"})))
    assert 'tensorflow_hub.load("https://hub.example/acme/tiny")' in found.code


def test_the_snippet_of_a_private_model_takes_a_link() -> None:
    model = Repository(id=1, kind="model", owner_id=1, owner="acme", name="tiny", visibility="private")
    [found] = snippets(Use(repository=model, origin="https://hub.example", paths=frozenset({"saved_model.pb"})))
    assert "commonground repositories link" in found.code
