"""Schedules over the API of our own: a real worker makes the runs."""

import pytest

from tests.gateways.native.hub import API, Hub, code
from tests.gateways.native.test_runs import lab

__all__ = ["lab"]
pytestmark = pytest.mark.anyio
SCHEDULES = f"{API}/schedules"
ASKED = {
    "cron": "@daily",
    "spec": {"run": "echo hi", "environment": {"T": {"secret": "t"}}},
    "secrets": {"t": "hidden-one"},
}


async def test_a_schedule_and_its_runs(lab: Hub) -> None:
    answer = await lab.alice.post(SCHEDULES, json={**ASKED, "labels": {"team": "ml"}})
    assert answer.status_code == 201, answer.text
    assert "hidden-one" not in answer.text
    made = answer.json()
    assert answer.headers["Location"] == f"{SCHEDULES}/{made['id']}"
    run = (await lab.alice.post(f"{SCHEDULES}/{made['id']}/run")).json()
    assert (run["schedule"], run["labels"]) == (made["id"], {"team": "ml"})
    log = await lab.alice.get(f"{API}/runs/{run['id']}/logs")
    assert '"succeeded"' in log.text
    assert (await lab.alice.get(f"{SCHEDULES}/{made['id']}")).json()["last_run"] == run["id"]
    assert (await lab.alice.delete(f"{SCHEDULES}/{made['id']}")).status_code == 204
    assert (await lab.alice.get(f"{API}/runs/{run['id']}")).status_code == 200


async def test_lists_come_in_pages(lab: Hub) -> None:
    ids = [(await lab.alice.post(SCHEDULES, json=ASKED)).json()["id"] for _ in range(3)]
    first = (await lab.alice.get(SCHEDULES, params={"limit": 2})).json()
    last = (await lab.alice.get(SCHEDULES, params={"cursor": first["next"]})).json()
    assert [item["id"] for item in first["items"] + last["items"]] == ids[::-1]


async def test_a_schedule_of_another_looks_absent(lab: Hub) -> None:
    made = (await lab.alice.post(SCHEDULES, json=ASKED)).json()
    path = f"{SCHEDULES}/{made['id']}"
    for method, where in (("GET", ""), ("DELETE", ""), ("POST", "/suspend"), ("POST", "/resume"), ("POST", "/run")):
        assert code(await lab.bob.request(method, path + where)) == (404, "CG-1821")
    assert (await lab.root.get(path)).status_code == 200
    for text in ("0", "x", "9" * 30):
        assert code(await lab.alice.get(f"{SCHEDULES}/{text}")) == (404, "CG-1821")


async def test_what_may_not_be(hub: Hub) -> None:
    assert code(await hub.nobody.post(SCHEDULES, json=ASKED)) == (401, "CG-1101")
    assert code(await hub.nobody.get(SCHEDULES)) == (401, "CG-1101")
    assert code(await hub.alice.post(SCHEDULES, json=ASKED)) == (403, "CG-1103")


async def test_what_cannot_be(lab: Hub) -> None:
    assert code(await lab.alice.post(SCHEDULES, json={**ASKED, "cron": "soon"})) == (400, "CG-1822")
    assert code(await lab.alice.post(SCHEDULES, json={**ASKED, "spec": {"runn": "x"}})) == (400, "CG-1802")
