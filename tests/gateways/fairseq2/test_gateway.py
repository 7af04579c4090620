"""The cards of a hub's models."""

import httpx

from tests.gateways.fairseq2.schema import load, retrieve
from tests.gateways.huggingface.hub import Hub, file, on_a_hub

CARDS = "/api/fairseq2/cards.yaml"
SECTION = "fairseq2:\n  name: wav2vec2_base\n  model_family: wav2vec2\n  model_arch: base\n  checkpoint: a b/model.pt\n"


async def a_model(hub: Hub, name: str, matter: str = SECTION, **options: object) -> str:
    repository = await hub.repository(name, **options)
    files = [file("README.md", f"---\n{matter}---\n# {name}\n"), file("a b/model.pt", f"weights of {name}")]
    return await hub.commit(repository, *files)


async def cards(client: httpx.AsyncClient, **query: str) -> dict[str, dict[str, object]]:
    answer = await client.get(CARDS, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/yaml")
    return load(answer.content)


@on_a_hub
async def test_a_model_has_a_card_that_is_pinned_to_its_commit(hub: Hub) -> None:
    commit = await a_model(hub, "tiny")
    card = retrieve(await cards(hub.nobody), "alice/tiny")
    assert card == {
        "model_family": "wav2vec2",
        "model_arch": "base",
        "checkpoint": f"http://hub.test/alice/tiny/resolve/{commit}/a%20b/model.pt",
        "restrict": True,
    }
    answer = await hub.nobody.get(str(card["checkpoint"]))
    assert (answer.status_code, answer.text) == (200, "weights of tiny")


@on_a_hub
async def test_only_of_an_owner_that_was_named_does_it_stand_in_for_a_known_model(hub: Hub) -> None:
    await a_model(hub, "tiny")
    assert set(await cards(hub.nobody)) == {"alice/tiny@"}
    found = await cards(hub.nobody, owner="alice")
    assert set(found) == {"alice/tiny@", "wav2vec2_base@user"}
    assert found["wav2vec2_base@user"] == found["alice/tiny@"]
    built_in = {"wav2vec2_base@": {"model_family": "wav2vec2", "checkpoint": "https://models.example/w.pt"}}
    taken = retrieve(found | built_in, "wav2vec2_base")
    assert taken == found["alice/tiny@"]
    assert await cards(hub.nobody, owner="bob") == {}


@on_a_hub
async def test_two_models_for_one_known_name_give_one_card(hub: Hub) -> None:
    await a_model(hub, "one")
    await a_model(hub, "two")
    assert set(await cards(hub.nobody, owner="alice")) == {"alice/one@", "alice/two@", "wav2vec2_base@user"}


@on_a_hub
async def test_private_models_are_for_those_who_may_read_them(hub: Hub) -> None:
    await a_model(hub, "secret", private=True)
    assert await cards(hub.nobody) == await cards(hub.bob) == {}
    card = retrieve(await cards(hub.alice, seconds="60"), "alice/secret")
    assert card is not None
    address = str(card["checkpoint"])
    assert "?token=" in address
    assert (await hub.nobody.get(address)).text == "weights of secret"
    assert (await hub.nobody.get(address.partition("?")[0])).status_code == 401


@on_a_hub
async def test_a_card_that_makes_no_sense_is_a_remark(hub: Hub) -> None:
    await a_model(hub, "broken", "fairseq2:\n  model_arch: base\n")
    await a_model(hub, "tagged", "tags: [fairseq2]\n")
    await a_model(hub, "other", "library_name: transformers\n")
    answer = await hub.nobody.get(CARDS)
    assert load(answer.content) == {}
    assert "# alice/broken: " in answer.text
    assert "# alice/tagged: " in answer.text
    assert "other" not in answer.text


@on_a_hub
async def test_the_list_comes_in_pages(hub: Hub) -> None:
    from commonground.gateways.fairseq2 import gateway

    for name in ("one", "two", "three"):
        await a_model(hub, name)
    page, gateway.PAGE = gateway.PAGE, 2
    try:
        first = await hub.nobody.get(CARDS)
        rest = await hub.nobody.get(first.links["next"]["url"])
    finally:
        gateway.PAGE = page
    assert len(load(first.content)) == 2
    assert "link" not in rest.headers
    assert set(load(first.content) | load(rest.content)) == {f"alice/{name}@" for name in ("one", "two", "three")}


@on_a_hub
async def test_bad_questions(hub: Hub) -> None:
    for query in ("cursor=x", "seconds=0", "seconds=604801", "seconds=x", f"owner={'x' * 65}"):
        answer = await hub.nobody.get(f"{CARDS}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "CG-1001"), query
    assert (await hub.nobody.get(f"{CARDS}?token=x")).status_code == 200  # links open one repository, not a list
