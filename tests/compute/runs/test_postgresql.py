"""A whole run on PostgreSQL."""

import asyncio
from pathlib import Path

import pytest

from tests.compute.runs.house import house, working
from tests.compute.runs.test_schedules import MINUTE, NOON, Desk
from tests.support import postgres
from tests.support.databases import Cluster, postgres_cluster

__all__ = ["postgres_cluster"]


@pytest.mark.anyio
async def test_a_run_on_postgresql(tmp_path: Path, postgres_cluster: Cluster) -> None:
    with postgres.fresh_database(postgres_cluster.address) as address:
        url = address.replace("postgresql+psycopg://", "postgresql://")
        async with house(tmp_path, database_url=url) as home, working(home.services):
            data, _ = await home.repository("d", "dataset", a__txt="1")
            model, _ = await home.repository("m")
            run = await home.execute(
                """cp $CG_INPUT_D/a.txt $CG_OUTPUT_M/b; echo '{"key": "k", "value": 2}' >&3; echo done""",
                inputs={"d": "hub://datasets/alice/d"},
                outputs={"m": "hub://alice/m"},
            )
            assert (run.state, run.error) == ("succeeded", None)
            assert await home.log(run.id) == "done\n"
            assert [point.value for point in await home.runs.metrics(home.alice, run.id, ["k"])] == [2.0]
            commit = await home.services.revisions.resolve(model, "main")
            graph = await home.runs.lineage(home.bob, model, commit)
            assert {arrow.name for arrow in graph.arrows} == {"d", "m"}
            assert f"revision:{data.id}:" in graph.arrows[0].source


@pytest.mark.anyio
async def test_many_workers_on_postgresql_make_one_run_of_a_time(tmp_path: Path, postgres_cluster: Cluster) -> None:
    with postgres.fresh_database(postgres_cluster.address) as address:
        url = address.replace("postgresql+psycopg://", "postgresql://")
        async with house(tmp_path, database_url=url) as home:
            desk = Desk(home)
            schedule = await desk.create(concurrency="replace")
            for minutes in (5, 10):
                desk.clock.now = NOON + minutes * MINUTE
                assert sum(await asyncio.gather(*(desk.schedules.fire() for _ in range(8)))) == 1
            assert [run.state for run in await desk.runs(schedule)] == ["queued", "cancelled"]
