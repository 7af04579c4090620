"""Outputs become commits together, under the lease of the attempt, or not at all."""

import asyncio
from typing import Any

import msgspec
import pytest

from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.model import Claim, Offer, Run
from commonground.compute.runs.publishing import Publishing
from commonground.compute.runs.queue_queries import Lease
from commonground.compute.runs.worker import machine
from commonground.compute.runs.workspace import Workspace
from commonground.errors import CommongroundError, RunLost
from commonground.hub.repositories.model import Repository
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio
OUTPUTS = {"a": "hub://alice/first", "b": "hub://alice/second/below"}


async def claimed(house: House, **more: Any) -> tuple[Claim, Workspace]:
    """A run whose processes have ended: its output folders are full, nothing is published."""
    await house.submit("true", **{"outputs": OUTPUTS, **more})
    room = machine(4, 2**30)
    claim = await house.runs.claim("w", Offer(free=room, total=room), 60)
    assert claim is not None
    workspace = Workspace(house.services.settings.data / "runs", claim)
    workspace.create(claim)
    for name in claim.run.spec.outputs:
        (workspace.output(name) / f"{name}.txt").write_text(name)
    return claim, workspace


def publishing(house: House) -> Publishing:
    services = house.services
    return Publishing(services.database, services.accounts, services.repositories, services.revisions, services.store)


async def repositories(house: House) -> list[Repository]:
    return [(await house.repository(name))[0] for name in ("first", "second")]


async def test_all_outputs_are_published_together(idle: House) -> None:
    first, second = await repositories(idle)
    claim, workspace = await claimed(idle)
    assert await publishing(idle).publish(claim, workspace) == 2
    assert (await idle.files(first), await idle.files(second)) == ({"a.txt": b"a"}, {"below/b.txt": b"b"})
    run = await idle.runs.find(idle.alice, claim.run.id)
    heads = [(await idle.services.revisions.resolve(found, "main")) for found in (first, second)]
    assert [link.commit for link in run.outputs] == heads


async def test_outputs_in_one_repository_are_one_commit(idle: House) -> None:
    first, _ = await repositories(idle)
    claim, workspace = await claimed(idle, outputs={"a": "hub://alice/first/x", "b": "hub://alice/first/y"})
    await publishing(idle).publish(claim, workspace)
    assert await idle.files(first) == {"x/a.txt": b"a", "y/b.txt": b"b"}
    run = await idle.runs.find(idle.alice, claim.run.id)
    assert len({link.commit for link in run.outputs}) == 1
    assert len((await idle.services.revisions.history(first, "main")).items) == 2


@pytest.mark.parametrize("loss", ["cancelled", "taken over"])
async def test_a_worker_that_lost_its_lease_publishes_nothing(idle: House, loss: str) -> None:
    first, second = await repositories(idle)
    claim, workspace = await claimed(idle)
    if loss == "cancelled":
        await idle.runs.cancel(idle.alice, claim.run.id)
    else:
        claim = msgspec.structs.replace(claim, fence=claim.fence - 1)
    with pytest.raises(RunLost):
        await publishing(idle).publish(claim, workspace)
    assert (await idle.files(first), await idle.files(second)) == ({}, {})


async def test_a_lease_that_ends_while_the_commit_is_on_its_way_stops_it(idle: House) -> None:
    """The worker stands still after its last look at the lease: the transaction looks again."""
    first, second = await repositories(idle)
    claim, workspace = await claimed(idle)
    revisions = idle.services.revisions
    commit_all = revisions.commit_all

    async def late(*given: Any) -> Any:
        await idle.runs.cancel(idle.alice, claim.run.id)
        return await commit_all(*given)

    revisions.commit_all = late  # type: ignore[method-assign,assignment]
    with pytest.raises(RunLost):
        await publishing(idle).publish(claim, workspace)
    assert (await idle.files(first), await idle.files(second)) == ({}, {})


async def test_of_several_outputs_none_is_published_if_one_cannot_be(idle: House) -> None:
    first, second = await repositories(idle)
    claim, workspace = await claimed(idle)
    await idle.services.repositories.delete(idle.alice, second)
    with pytest.raises(CommongroundError):
        await publishing(idle).publish(claim, workspace)
    assert await idle.files(first) == {}


async def test_a_run_that_published_is_not_executed_again_when_its_worker_dies(idle: House) -> None:
    await repositories(idle)
    claim, workspace = await claimed(idle)
    await publishing(idle).publish(claim, workspace)
    lease, database = Lease(claim.run.id, claim.fence), idle.services.database
    await database.write(steps.beat, lease, -1.0, claim.run.created_at)
    room = machine(4, 2**30)
    assert await idle.runs.claim("other", Offer(free=room, total=room), 60) is None
    assert (await idle.runs.find(idle.alice, claim.run.id)).state == "succeeded"


async def test_a_run_that_published_is_not_handed_back(idle: House) -> None:
    await repositories(idle)
    claim, workspace = await claimed(idle)
    await publishing(idle).publish(claim, workspace)
    await idle.runs.release(claim)
    assert (await idle.runs.find(idle.alice, claim.run.id)).state == "succeeded"


async def test_what_is_published_is_on_record(home: House) -> None:
    await repositories(home)
    run: Run = await home.execute(
        "echo x > $CG_OUTPUT_A/f; mkdir $CG_OUTPUT_B/d; echo y > $CG_OUTPUT_B/d/g", outputs=OUTPUTS
    )
    assert run.state == "succeeded", run.error
    await asyncio.sleep(0)
    replayed = await home.ended(await home.runs.replay(home.alice, run.id))
    assert replayed.verdict is not None
    assert (replayed.verdict.identical, replayed.verdict.files) == (True, 2)
