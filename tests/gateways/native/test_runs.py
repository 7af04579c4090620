"""Runs over the API of our own: a real worker executes them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.compute.runs.house import working
from tests.gateways.native.hub import API, BERT, Hub, code, running

pytestmark = pytest.mark.anyio
RUNS = f"{API}/runs"


@pytest.fixture
async def lab(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    """A hub whose users may execute, and a worker."""
    async with running(tmp_path, runs_by="users") as made, working(made.services):
        yield made


async def submit(hub: Hub, command: str, **more: Any) -> dict[str, Any]:
    spec = {"run": command, "fault": {"max_restarts": 0}, **more}
    answer = await hub.alice.post(RUNS, json={"spec": spec})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{RUNS}/{answer.json()['id']}"
    made: dict[str, Any] = answer.json()
    return made


def events(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """Kind and data of server-sent events."""
    found = []
    for part in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.split("\n") if line and not line.startswith(":"))
        if fields:
            found.append((fields["event"], msgspec.json.decode(fields["data"])))
    return found


async def test_submitting_following_and_tracing(lab: Hub) -> None:
    await lab.create()
    run = await submit(lab, "echo one; echo x > $CG_OUTPUT_M/x; sleep 0.4; echo two", outputs={"m": "hub://alice/bert"})
    assert run["state"] in {"queued", "running"}  # the worker may be quicker than the answer
    assert (run["owner"], run["spec"]["resources"]["workers"]) == ("alice", 1)
    answer = await lab.alice.get(f"{RUNS}/{run['id']}/logs")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *blocks, (kind, end) = events(answer)
    assert "".join(block["text"] for _, block in blocks) == "one\ntwo\n"
    assert (kind, end) == ("end", {"state": "succeeded"})
    done = (await lab.alice.get(f"{RUNS}/{run['id']}")).json()
    head = (await lab.alice.get(BERT)).json()["head"]
    [output] = done["outputs"]
    assert (output["repository"], output["commit"]) == ("alice/bert", head)
    graph = (await lab.nobody.get(f"{BERT}/lineage")).json()
    assert [node["type"] for node in graph["nodes"]] == ["revision", "run"]
    assert graph["arrows"] == [{"source": f"run:{run['id']}", "target": graph["nodes"][0]["id"], "name": "m"}]


async def test_a_log_is_continued_where_it_broke(lab: Hub) -> None:
    run = await submit(lab, "echo one; sleep 0.6; echo two >&2")
    await lab.alice.get(f"{RUNS}/{run['id']}/logs")
    rest = await lab.alice.get(f"{RUNS}/{run['id']}/logs", headers={"Last-Event-ID": "1"})
    assert [data.get("text") for _, data in events(rest)] == ["two\n", None]
    same = await lab.alice.get(f"{RUNS}/{run['id']}/logs", params={"after": 1, "follow": "false"})
    assert same.text == rest.text
    assert code(await lab.alice.get(f"{RUNS}/{run['id']}/logs", headers={"Last-Event-ID": "x"})) == (400, "CG-1001")


async def test_cancelling_and_resuming(lab: Hub) -> None:
    run = await submit(lab, "sleep 1000")
    path = f"{RUNS}/{run['id']}"
    assert code(await lab.alice.post(f"{path}/resume")) == (409, "CG-1804")
    assert (await lab.alice.post(f"{path}/cancel")).json()["state"] == "cancelled"
    assert code(await lab.alice.post(f"{path}/cancel")) == (409, "CG-1804")
    assert events(await lab.alice.get(f"{path}/logs"))[-1] == ("end", {"state": "cancelled"})
    assert (await lab.alice.post(f"{path}/resume")).json()["state"] in {"queued", "running"}
    await lab.alice.post(f"{path}/cancel")


async def test_metrics_come_in_pages(lab: Hub) -> None:
    run = await submit(lab, """for i in 1 2 3; do echo '{"key": "loss", "value": '$i', "step": '$i'}' >&3; done""")
    await lab.alice.get(f"{RUNS}/{run['id']}/logs")
    first = (await lab.alice.get(f"{RUNS}/{run['id']}/metrics", params={"limit": 2})).json()
    assert [(item["step"], item["value"]) for item in first["items"]] == [(1, 1.0), (2, 2.0)]
    last = (await lab.alice.get(f"{RUNS}/{run['id']}/metrics", params={"cursor": first["next"]})).json()
    assert [item["step"] for item in last["items"]] == [3]
    assert (await lab.alice.get(f"{RUNS}/{run['id']}/metrics", params={"key": "other"})).json()["items"] == []


async def test_lists_come_in_pages(lab: Hub) -> None:
    ids = [(await submit(lab, "true", resources={"cpus": 4000}))["id"] for _ in range(3)]
    first = (await lab.alice.get(RUNS, params={"limit": 2})).json()
    last = (await lab.alice.get(RUNS, params={"cursor": first["next"]})).json()
    assert [run["id"] for run in first["items"] + last["items"]] == ids[::-1]
    assert (await lab.alice.get(RUNS, params={"state": "failed"})).json()["items"] == []


async def test_a_run_of_another_looks_absent(lab: Hub) -> None:
    run = await submit(lab, "true")
    for client in (lab.bob, await lab.token("alice", "fine-grained")):
        for method, path in (
            ("GET", ""),
            ("GET", "/logs"),
            ("GET", "/metrics"),
            ("GET", "/metrics/stream"),
            ("POST", "/replay"),
            ("POST", "/cancel"),
            ("POST", "/resume"),
        ):
            assert code(await client.request(method, f"{RUNS}/{run['id']}{path}")) == (404, "CG-1801")
    assert (await lab.root.get(f"{RUNS}/{run['id']}")).status_code == 200
    for text in ("0", "x", "9" * 18, "9" * 40, "%F0%9F%98%80"):
        assert code(await lab.alice.get(f"{RUNS}/{text}")) == (404, "CG-1801")


async def test_what_may_not_or_cannot_be(hub: Hub) -> None:
    assert code(await hub.nobody.post(RUNS, json={"spec": {"run": "true"}})) == (401, "CG-1101")
    assert code(await hub.nobody.get(RUNS)) == (401, "CG-1101")
    assert code(await hub.alice.post(RUNS, json={"spec": {"run": "true"}})) == (403, "CG-1103")
    reader = await hub.token("root", "read")
    assert code(await reader.post(RUNS, json={"spec": {"run": "true"}})) == (403, "CG-1103")
    assert code(await hub.root.post(RUNS, json={"spec": {"runn": "true"}})) == (400, "CG-1802")
    assert code(await hub.root.post(RUNS, json={"spec": {"run": "true", "kind": "no-such-kind"}})) == (400, "CG-1805")
    assert code(await hub.root.post(RUNS, json={})) == (400, "CG-1001")


async def test_many_followers_see_the_same(lab: Hub) -> None:
    run = await submit(lab, "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done")
    answers = await asyncio.gather(*(lab.alice.get(f"{RUNS}/{run['id']}/logs") for _ in range(5)))
    assert {answer.text for answer in answers} == {answers[0].text}


async def test_metrics_are_followed(lab: Hub) -> None:
    report = """for i in 1 2 3; do echo '{"key": "loss", "value": '$i', "step": '$i'}' >&3; sleep 0.3; done"""
    run = await submit(lab, report)
    answer = await lab.alice.get(f"{RUNS}/{run['id']}/metrics/stream")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *points, end = events(answer)
    assert [(kind, point["key"], point["value"]) for kind, point in points] == [
        ("metric", "loss", 1.0), ("metric", "loss", 2.0), ("metric", "loss", 3.0)
    ]  # fmt: skip
    assert end == ("end", {"state": "succeeded"})
    first = int(answer.text.split("id: ", 1)[1].split("\n", 1)[0])
    rest = await lab.alice.get(f"{RUNS}/{run['id']}/metrics/stream", headers={"Last-Event-ID": str(first)})
    assert [kind for kind, _ in events(rest)] == ["metric", "metric", "end"]


async def test_a_run_is_replayed(lab: Hub) -> None:
    await lab.create()
    run = await submit(lab, "echo x > $CG_OUTPUT_M/x", outputs={"m": "hub://alice/bert"}, seed=1)
    await lab.alice.get(f"{RUNS}/{run['id']}/logs")
    answer = await lab.alice.post(f"{RUNS}/{run['id']}/replay")
    assert answer.status_code == 201
    again = answer.json()
    await lab.alice.get(f"{RUNS}/{again['id']}/logs")
    verdict = (await lab.alice.get(f"{RUNS}/{again['id']}")).json()["verdict"]
    assert (verdict["identical"], verdict["files"]) == (True, 1)
    assert code(await lab.bob.post(f"{RUNS}/{run['id']}/replay")) == (404, "CG-1801")
    assert code(await lab.alice.post(f"{RUNS}/{again['id']}/replay")) == (409, "CG-1804")


async def test_secrets_and_labels_come_with_a_run(lab: Hub) -> None:
    spec = {"run": "echo $T", "environment": {"T": {"secret": "t"}}}
    asked = {"spec": spec, "labels": {"team": "ml"}, "secrets": {"t": "very-secret"}}
    answer = await lab.alice.post(RUNS, json=asked)
    assert "very-secret" not in answer.text
    log = await lab.alice.get(f"{RUNS}/{answer.json()['id']}/logs")
    assert "very-secret" not in log.text
    assert "***" in log.text
    found = (await lab.alice.get(RUNS, params={"label": "team=ml"})).json()["items"]
    assert [run["labels"] for run in found] == [{"team": "ml"}]
    assert (await lab.alice.get(RUNS, params={"label": "team=other"})).json()["items"] == []
    assert code(await lab.alice.get(RUNS, params={"label": "team"})) == (400, "CG-1001")
