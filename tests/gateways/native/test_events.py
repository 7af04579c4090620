"""Events: each caller sees what they may know of, in order, and misses nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from starlette.types import Message

from commonground.gateways.native.context import Context
from commonground.gateways.native.routes import events
from commonground.http.application import Application
from commonground.http.routing import Router
from tests.gateways.native.hub import API, BERT, Hub, code

pytestmark = pytest.mark.anyio


async def past(hub: Hub, user: str = "nobody", query: str = "", **headers: str) -> list[dict[str, Any]]:
    client = getattr(hub, user)
    answer = await client.get(f"{API}/events?follow=false&{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


async def test_events_say_what_happened_to_what_and_by_whom(hub: Hub) -> None:
    await hub.create()
    await hub.write("a", b"a")
    found = await past(hub)
    assert [(e["kind"], e["subject"], e["account"]) for e in found] == [
        ("repository.created", "model:alice/bert", "alice"),
        ("ref.updated", "model:alice/bert", "alice"),
    ]
    assert found[1]["payload"]["ref"] == "refs/heads/main"
    assert "repository_id" not in found[0]["payload"]


async def test_events_of_a_private_repository_stay_private(hub: Hub) -> None:
    await hub.create(visibility="private")
    assert await past(hub, "nobody") == await past(hub, "bob") == []
    assert len(await past(hub, "alice")) == len(await past(hub, "root")) == 1


async def test_a_repository_that_becomes_private_takes_its_events_along(hub: Hub) -> None:
    await hub.create()
    assert len(await past(hub)) == 1
    await hub.alice.patch(BERT, json={"visibility": "private"})
    assert await past(hub) == []


async def test_a_stream_continues_where_it_broke(hub: Hub) -> None:
    await hub.create()
    for number in range(3):
        await hub.write(str(number), b"")
    everything = await past(hub)
    assert await past(hub, query=f"after={everything[1]['id']}") == everything[2:]
    assert await past(hub, **{"Last-Event-ID": str(everything[2]["id"])}) == everything[3:]


async def test_only_the_kinds_asked_for_are_sent(hub: Hub) -> None:
    await hub.create()
    await hub.write("a", b"a")
    assert [e["kind"] for e in await past(hub, query="kind=ref.updated&kind=other")] == ["ref.updated"]


@pytest.mark.parametrize("position", ["x", "-1", "9" * 30])
async def test_a_position_that_is_none_is_refused(hub: Hub, position: str) -> None:
    assert code(await hub.nobody.get(f"{API}/events", headers={"Last-Event-ID": position})) == (400, "CG-1001")
    assert code(await hub.nobody.get(f"{API}/events?after={position}")) == (400, "CG-1001")


@asynccontextmanager
async def following(hub: Hub, user: str, heartbeat: float = 15.0) -> AsyncIterator[asyncio.Queue[Message]]:
    """What a client that stays connected receives."""
    routes = events.EventRoutes(Context(hub.services), heartbeat).routes()
    received: asyncio.Queue[Message] = asyncio.Queue()
    token = getattr(hub, user).headers.get("authorization")
    headers = [(b"authorization", token.encode())] if token else []
    path = f"{API}/events"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "client": ("127.0.0.1", 1)}  # fmt: skip
    never = asyncio.Event()

    async def receive() -> Message:
        await never.wait()
        return {"type": "http.disconnect"}

    serving = asyncio.create_task(Application(Router(routes))(scope, receive, received.put))
    try:
        assert (await asyncio.wait_for(received.get(), 10))["status"] == 200
        yield received
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def test_a_follower_is_told_at_once(hub: Hub) -> None:
    async with following(hub, "nobody") as received:
        await asyncio.sleep(0.05)
        await hub.create()
        part = await asyncio.wait_for(received.get(), 10)
    lines = part["body"].decode().splitlines()
    assert lines[1] == "event: repository.created"
    assert json.loads(lines[2].removeprefix("data: "))["subject"] == "model:alice/bert"


async def test_a_silent_stream_shows_that_it_lives(hub: Hub) -> None:
    async with following(hub, "nobody", heartbeat=0.05) as received:
        part = await asyncio.wait_for(received.get(), 10)
    assert part["body"].startswith(b": heartbeat\n")


async def test_a_revoked_token_ends_its_stream(hub: Hub) -> None:
    [token] = (await hub.alice.get(f"{API}/tokens")).json()
    async with following(hub, "alice", heartbeat=0.05) as received:
        await hub.alice.delete(f"{API}/tokens/{token['id']}")
        async with asyncio.timeout(10):
            while (await received.get()).get("more_body"):
                pass


async def test_open_streams_are_bounded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STREAMS", 0)
    assert code(await hub.nobody.get(f"{API}/events?follow=false")) == (429, "CG-1009")
