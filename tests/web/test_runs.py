"""The list of runs."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.web.hub import Hub, running
from tests.web.runs import another, ended, queued
from tests.web.test_pages import assert_page

pytestmark = pytest.mark.anyio


@pytest.fixture
async def hub(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    """Everybody may execute, and nothing does."""
    async with running(tmp_path, runs_by="users") as made:
        yield made


async def listed(client: httpx.AsyncClient, query: str = "") -> list[int]:
    """The runs of a page of the list, in order."""
    answer = await client.get(f"/runs{query}")
    assert_page(answer)
    return [int(number) for number in re.findall(r'<h2><a href="/runs/(\d+)"', answer.text)]


async def test_visitors_sign_in_first(hub: Hub) -> None:
    answer = await hub.visitor.get("/runs?state=failed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fruns%3Fstate%3Dfailed")
    assert 'href="/runs"' not in (await hub.visitor.get("/")).text
    assert 'href="/runs"' in (await hub.ada.get("/")).text


async def test_an_empty_list_says_what_a_run_is(hub: Hub) -> None:
    assert "Nothing has been executed yet." in (await hub.ada.get("/runs")).text
    assert "Nothing found." in (await hub.ada.get("/runs?state=failed")).text


async def test_one_sees_the_own_runs_and_administrators_all(hub: Hub) -> None:
    mine = await queued(hub)
    bob, his = await another(hub)
    other = await hub.services.runs.submit(bob, {"run": "true", "name": "secret-of-bob"})
    _, admin = await another(hub, "root", is_admin=True)
    assert await listed(hub.ada) == [mine.id]
    assert await listed(his) == [other.id]
    assert await listed(admin) == [other.id, mine.id]
    assert await listed(admin, "?owner=bob") == [other.id]
    assert await listed(hub.ada, "?owner=bob") == []


async def test_the_address_says_what_is_listed(hub: Hub) -> None:
    failed = await ended(hub, error="no such file <b>", name="digits")
    waiting = await queued(hub, name="letters")
    assert await listed(hub.ada) == [waiting.id, failed.id]
    for query, expected in {
        "?state=failed": [failed.id], "?state=queued": [waiting.id], "?state=running": [], "?state=unknown": [waiting.id, failed.id],
        "?search=DIGI": [failed.id], "?search=%25": [], "?search=%00digits": [failed.id], "?kind=task": [waiting.id, failed.id],
        "?kind=ps-sync": [], "?state=failed&search=letters": [],
    }.items():  # fmt: skip
        assert await listed(hub.ada, query) == expected, query
    page = (await hub.ada.get("/runs?state=failed")).text
    assert "no such file &lt;b&gt;" in page
    assert 'aria-current="true" href="/runs?state=failed">failed' in page
    assert 'href="/runs?state=failed&amp;kind=task">task' in page
    assert ">失败<" in (await hub.ada.get("/runs?locale=zh")).text


async def test_the_list_goes_on_at_its_cursor(hub: Hub) -> None:
    for _ in range(32):
        await queued(hub)
    assert await listed(hub.ada) == list(range(32, 2, -1))
    page = (await hub.ada.get("/runs?state=queued")).text
    address = page.partition('rel="next" href="/runs')[2].partition('"')[0].replace("&amp;", "&")
    assert address == "?state=queued&cursor=3"
    assert await listed(hub.ada, address) == [2, 1]
    assert (await hub.ada.get("/runs?cursor=x")).status_code == 400
    assert (await hub.ada.get(f"/runs?cursor={'9' * 30}")).status_code == 400
