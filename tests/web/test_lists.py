"""Home, search, lists and profiles."""

import pytest

from commonground.web.home import Suggestion
from tests.web.hub import Hub

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shelf(hub: Hub) -> Hub:
    """Three models and a data set."""
    for name, card in {
        "bert": "pipeline_tag: fill-mask\nlicense: mit\nlanguage: [en, zh]\ntags: [tiny]",
        "whisper": "pipeline_tag: automatic-speech-recognition\nlicense: apache-2.0\nlanguage: en",
        "分词".encode().hex(): "pipeline_tag: token-classification\nlicense: mit\nlanguage: zh",
    }.items():
        repository = await hub.repository(name)
        await hub.write(repository, {"README.md": f"---\n{card}\n---\nA model for 中文分词 named {name}.\n".encode()})
    await hub.repository("corpus", "dataset")
    return hub


async def names(hub: Hub, path: str) -> list[str]:
    """The repositories of a list, in order."""
    page = (await hub.visitor.get(path)).text
    return [part.partition("<")[0] for part in page.split("/</span><strong>")[1:]]


async def test_home_shows_models_and_data_sets(shelf: Hub) -> None:
    page = (await shelf.visitor.get("/")).text
    for link in ("/ada/bert", "/ada/whisper", "/datasets/ada/corpus"):
        assert f'href="{link}"' in page


async def test_facets_have_counts_and_are_links(shelf: Hub) -> None:
    page = (await shelf.visitor.get("/models")).text
    assert 'href="/models?license=mit">mit <span class="count">2</span>' in page
    narrowed = (await shelf.visitor.get("/models?license=mit")).text
    assert 'href="/models?license=mit&amp;language=en"' in narrowed
    assert 'aria-current="true" href="/models"' in narrowed


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("license=mit", {"bert", "e58886e8af8d"}),
        ("license=mit&language=en", {"bert"}),
        ("language=en&language=zh", {"bert"}),
        ("pipeline_tag=automatic-speech-recognition", {"whisper"}),
        ("other=tiny", {"bert"}),
        ("search=whisp", {"whisper"}),
        ("search=分词", {"bert", "whisper", "e58886e8af8d"}),
        ("search=分词&language=zh&license=mit&sort=created", {"bert", "e58886e8af8d"}),
        ("author=ada", {"bert", "whisper", "e58886e8af8d"}),
        ("author=nobody", set()),
        ("license=none", set()),
        ("unknown=1&sort=unknown", {"bert", "whisper", "e58886e8af8d"}),
    ],
)
async def test_the_address_says_what_is_listed(shelf: Hub, query: str, expected: set[str]) -> None:
    assert set(await names(shelf, f"/models?{query}")) == expected


async def test_order(shelf: Hub) -> None:
    assert await names(shelf, "/models?sort=created") == ["e58886e8af8d", "whisper", "bert"]


async def test_a_list_goes_on_at_its_cursor(hub: Hub) -> None:
    for number in range(33):
        await hub.repository(f"m{number:02}")
    page = (await hub.visitor.get("/models?sort=created")).text
    address = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert await names(hub, address) == ["m02", "m01", "m00"]
    assert 'href="/models?sort=created">First page' in (await hub.visitor.get(address)).text
    assert (await hub.visitor.get("/models?cursor=broken")).status_code == 400


async def test_search_over_everything(shelf: Hub) -> None:
    page = (await shelf.visitor.get("/search?q=corpus")).text
    assert 'href="/datasets/ada/corpus"' in page
    assert "/ada/bert" not in page
    assert 'href="/ada">ada</a> Ada Example' in (await shelf.visitor.get("/search?q=ada")).text
    assert "Nothing found." in (await shelf.visitor.get("/search?q=zzzz")).text


async def test_suggestions(shelf: Hub) -> None:
    answer = (await shelf.visitor.get("/search/suggestions?q=whis")).json()
    assert [Suggestion(**item) for item in answer] == [Suggestion("ada/whisper", "model", "/ada/whisper")]
    assert (await shelf.visitor.get("/search/suggestions?q=")).json() == []


async def test_hostile_queries(shelf: Hub) -> None:
    for text in ("%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "%00", "%ff", "a" * 5_000, "'%20OR%201=1", "*", "%22"):
        for path in ("/search?q=", "/models?search=", "/models?license=", "/models?sort=", "/search/suggestions?q="):
            answer = await shelf.visitor.get(path + text)
            assert answer.status_code in {200, 400}, (path, text)
            assert "<script>alert" not in answer.text


async def test_the_page_of_a_person_and_of_an_organisation(shelf: Hub) -> None:
    await shelf.services.accounts.create_organization("acme", full_name="Acme <Labs>", members={"ada": "admin"})
    person = (await shelf.visitor.get("/ADA")).text
    assert "Ada Example" in person
    assert 'href="/ada/bert"' in person
    assert 'href="/acme"' in person
    organization = (await shelf.visitor.get("/acme")).text
    assert "Acme &lt;Labs&gt;" in organization
    assert 'href="/ada"' in organization
