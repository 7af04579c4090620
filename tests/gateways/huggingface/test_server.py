"""The server around the gateway: health, documents, what a role answers."""

from pathlib import Path

import anyio
import httpx
import pytest

from commonground.app import build
from commonground.settings import Settings
from tests.gateways.huggingface.hub import Hub, lifespan, on_a_hub


@on_a_hub
async def test_the_server_tells_how_it_is(hub: Hub) -> None:
    assert (await hub.nobody.get("/healthz")).json() == {"status": "ok"}
    assert (await hub.nobody.get("/readyz")).json() == {"status": "ready", "checks": ["database", "storage"]}
    metrics = await hub.nobody.get("/metrics")
    assert "commonground_request_seconds" in metrics.text


@on_a_hub
async def test_the_server_documents_itself(hub: Hub) -> None:
    document = (await hub.nobody.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    create = document["paths"]["/api/repos/create"]["post"]
    name = create["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert document["components"]["schemas"][name]["required"] == ["name"]
    assert "- POST /api/repos/create: Create a repository" in (await hub.nobody.get("/llms.txt")).text


@on_a_hub
async def test_every_answer_carries_the_callers_request_id(hub: Hub) -> None:
    for path in ("/healthz", "/api/models/alice/absent", "/api/nothing/here"):
        answer = await hub.nobody.get(path, headers={"X-Amzn-Trace-Id": "7f0c"})
        assert answer.headers["x-request-id"] == "7f0c"


@pytest.mark.parametrize(("role", "status"), [("all", 200), ("hub", 200), ("web", 404), ("worker", 404)])
def test_a_role_answers_what_is_its_own(role: str, status: int, tmp_path: Path) -> None:
    async def ask() -> None:
        application = build(Settings(data=tmp_path / "hub", role=role))  # type: ignore[arg-type]
        async with lifespan(application):
            transport = httpx.ASGITransport(app=application)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
                assert (await client.get("/readyz")).status_code == 200
                assert (await client.get("/api/models")).status_code == status

    anyio.run(ask)
