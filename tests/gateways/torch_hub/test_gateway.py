"""Files under names with their hash."""

import hashlib

import httpx

from tests.gateways.huggingface.hub import Hub, file, on_a_hub

CONTENT = "weights, plain"
SHA256 = hashlib.sha256(CONTENT.encode()).hexdigest()


async def a_model(hub: Hub, **options: object) -> str:
    repository = await hub.repository("tiny", **options)
    await hub.commit(repository, file("model.pth", CONTENT), file("a b/net.pt", CONTENT), file("old-5c106cde.pt", "x"))
    return f"/{repository}/torch/main"


async def get(client: httpx.AsyncClient, path: str) -> tuple[int, str]:
    answer = await client.get(path)
    return answer.status_code, answer.text


@on_a_hub
async def test_a_name_with_the_hash_of_its_content_is_served(hub: Hub) -> None:
    place = await a_model(hub)
    assert await get(hub.nobody, f"{place}/model-{SHA256[:8]}.pth") == (200, CONTENT)
    assert await get(hub.nobody, f"{place}/model-{SHA256}.pth") == (200, CONTENT)
    assert await get(hub.nobody, f"{place}/a%20b/net-{SHA256[:8]}.pt") == (200, CONTENT)


@on_a_hub
async def test_parts_and_headers(hub: Hub) -> None:
    place = await a_model(hub)
    answer = await hub.nobody.get(f"{place}/model-{SHA256[:8]}.pth", headers={"Range": "bytes=1-3"})
    assert (answer.status_code, answer.content) == (206, CONTENT[1:4].encode())
    head = await hub.nobody.head(f"{place}/model-{SHA256[:8]}.pth")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(CONTENT)))
    assert len(head.headers["x-repo-commit"]) == 40


@on_a_hub
async def test_a_hash_of_other_content_is_not_found(hub: Hub) -> None:
    place = await a_model(hub)
    for name in (
        f"model-{'0' * 8}.pth",
        "old-5c106cde.pt",
        f"none-{SHA256[:8]}.pth",
        f"model-{SHA256[:8]}.pt",
        "none.pt",
    ):
        status, text = await get(hub.nobody, f"{place}/{name}")
        assert (status, "CG-1204" in text) == (404, True), name


@on_a_hub
async def test_a_file_named_with_its_own_hash_is_served_as_it_is(hub: Hub) -> None:
    place = await a_model(hub)
    name = f"kept-{SHA256[:8]}.pth"
    await hub.commit("alice/tiny", file(name, CONTENT))
    assert await get(hub.nobody, f"{place}/{name}") == (200, CONTENT)


@on_a_hub
async def test_a_plain_name_leads_to_the_name_with_the_hash(hub: Hub) -> None:
    place = await a_model(hub)
    answer = await hub.nobody.get(f"{place}/a%20b/net.pt?token=")
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{place}/a%20b/net-{SHA256[:8]}.pt?token="


@on_a_hub
async def test_a_private_model_needs_credentials_or_a_link(hub: Hub) -> None:
    place = await a_model(hub, private=True)
    address = f"{place}/model-{SHA256[:8]}.pth"
    assert (await get(hub.nobody, address))[0] == 404
    assert (await get(hub.bob, address))[0] == 404
    assert await get(hub.alice, address) == (200, CONTENT)
    made = await hub.alice.post("/api/cg/v1/repositories/models/alice/tiny/links", json={})
    token = made.json()["token"]
    assert await get(hub.nobody, f"{address}?token={token}") == (200, CONTENT)
    assert (await get(hub.nobody, f"{address}?token={token}x"))[0] == 401
