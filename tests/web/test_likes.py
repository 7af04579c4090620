"""The button that likes a repository."""

import pytest

from tests.web.hub import Hub

pytestmark = pytest.mark.anyio


async def test_a_visitor_sees_the_number_only(hub: Hub) -> None:
    await hub.repository()
    page = (await hub.visitor.get("/ada/bert")).text
    assert "Likes" in page
    assert "/ada/bert/like" not in page
    answer = await hub.visitor.post("/ada/bert/like", data={"liked": "yes"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_the_button_likes_and_takes_it_back(hub: Hub) -> None:
    repository = await hub.repository(kind="dataset")
    browser = await hub.signed_in()
    for label, value, expected in (("Like", "yes", 1), ("Take the like back", "no", 0)):
        page = (await browser.get("/datasets/ada/bert")).text
        assert label in page
        assert f'name="liked" value="{value}"' in page
        answer = await browser.post("/datasets/ada/bert/like", data={"liked": value})
        assert (answer.status_code, answer.headers["location"]) == (303, "/datasets/ada/bert")
        assert (await hub.services.repositories.by_id(repository.id)).likes == expected
    assert "点赞" in (await browser.get("/datasets/ada/bert?locale=zh")).text


async def test_another_site_cannot_press_it(hub: Hub) -> None:
    repository = await hub.repository()
    browser = await hub.signed_in()
    answer = await browser.post(
        "/ada/bert/like",
        data={"liked": "yes"},
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert (await hub.services.repositories.by_id(repository.id)).likes == 0
