"""Runs for pages to show, claimed and reported on by the test itself: no process is started."""

from collections.abc import Sequence
from typing import Any

import httpx

from commonground.accounts.model import Credentials, Principal
from commonground.compute.runs.model import Capacity, Claim, Offer, Outcome, Point, Run
from tests.web.hub import Hub

ROOM = Capacity(cpus=64, memory=2**40, slots=64)


async def queued(hub: Hub, **spec: Any) -> Run:
    """A run of ada's that waits."""
    return await hub.services.runs.submit(hub.principal, {"run": "true", **spec})


async def claimed(hub: Hub, **spec: Any) -> Claim:
    """A run of ada's that is held by a worker."""
    await queued(hub, **spec)
    claim = await hub.services.runs.claim("worker", Offer(free=ROOM, total=ROOM), 60)
    assert claim is not None
    return claim


async def ended(hub: Hub, points: Sequence[Point] = (), error: str | None = None, **spec: Any) -> Run:
    """A run of ada's that reported ``points`` and succeeded, or failed with ``error``."""
    claim = await claimed(hub, **spec)
    await hub.services.runs.append_metrics(claim, points)
    await hub.services.runs.finish(claim, Outcome(error=error, final=True, cpu_seconds=1.5))
    return await hub.services.runs.find(hub.principal, claim.run.id)


async def another(hub: Hub, name: str = "bob", *, is_admin: bool = False) -> tuple[Principal, httpx.AsyncClient]:
    """Somebody else, and a client with their token."""
    account = await hub.services.accounts.create_user(name, is_admin=is_admin)
    token = await hub.services.accounts.create_token(account.id, name="test", role="write")
    principal = await hub.services.accounts.authenticate(Credentials("bearer", secret=token))
    return principal, hub.browser(Authorization=f"Bearer {token}")
