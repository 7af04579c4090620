"""What the server tells of itself, and to whom."""

import pytest

import commonground
from commonground.database import tasks
from tests.gateways.native.hub import API, Hub, code

pytestmark = pytest.mark.anyio


async def test_the_server_says_what_it_takes(hub: Hub) -> None:
    found = (await hub.nobody.get(f"{API}/server")).json()
    assert found["version"] == commonground.__version__
    assert found["limits"]["regular_file"] == hub.services.settings.regular_file_limit


async def test_the_queue_is_for_administrators(hub: Hub) -> None:
    assert code(await hub.nobody.get(f"{API}/tasks")) == (401, "CG-1101")
    assert code(await hub.alice.get(f"{API}/tasks")) == (403, "CG-1103")
    fine = await hub.token("root", "fine-grained")
    assert code(await fine.get(f"{API}/tasks")) == (403, "CG-1103")


async def test_tasks_are_listed_newest_first_in_pages(hub: Hub) -> None:
    for number in range(5):
        await hub.services.database.write(tasks.enqueue, f"kind.{number}", {})
    first = (await hub.root.get(f"{API}/tasks?limit=3")).json()
    assert [task["kind"] for task in first["items"]] == ["kind.4", "kind.3", "kind.2"]
    rest = (await hub.root.get(f"{API}/tasks", params={"limit": 3, "cursor": first["next"]})).json()
    assert [task["kind"] for task in rest["items"]] == ["kind.1", "kind.0"]
    assert rest["next"] is None


async def test_tasks_may_be_asked_for_by_state(hub: Hub) -> None:
    await hub.services.database.write(tasks.enqueue, "kind", {})
    assert (await hub.root.get(f"{API}/tasks?state=failed")).json()["items"] == []
    assert len((await hub.root.get(f"{API}/tasks?state=waiting")).json()["items"]) == 1
    assert code(await hub.root.get(f"{API}/tasks?state=odd")) == (400, "CG-1001")
