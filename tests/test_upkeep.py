from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, update

from commonground.database import events
from commonground.database.clock import now_ms
from commonground.database.schema.operation import event
from commonground.database.schema.store import multipart_upload
from commonground.hub.revisions.service import REINDEX
from commonground.services import Services
from commonground.settings import Settings
from commonground.store.verification import VERIFY_FILE
from commonground.upkeep import EVENTS_KEPT, task_handlers, upkeep

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with await Services.open(Settings(data=tmp_path)) as opened:
        yield opened


async def keep_up(services: Services) -> None:
    for work in upkeep(services):
        await work()


async def test_old_events_are_forgotten(services: Services) -> None:
    def happened(connection: Connection) -> None:
        events.append(connection, "old")
        connection.execute(update(event).values(created_at=now_ms() - EVENTS_KEPT - 1000))
        events.append(connection, "new")

    await services.database.write(happened)
    await keep_up(services)
    assert [found.kind for found in await services.database.read(events.read_after, 0)] == ["new"]


async def test_all_abandoned_uploads_are_reaped(services: Services) -> None:
    row = {"account_id": 1, "sha256": bytes(32), "size": 1, "part_size": 1, "created_at": 0}
    rows = [{**row, "id": f"{number:064x}"} for number in range(50)] + [{**row, "id": "f" * 64, "created_at": now_ms()}]
    await services.database.write(lambda connection: connection.execute(insert(multipart_upload), rows))
    await services.store.backend.put(f"uploads/lfs/{7:064x}/1", b"part")
    await keep_up(services)
    left = select(func.max(multipart_upload.c.id), func.count())
    assert await services.database.read(lambda connection: tuple(connection.execute(left).one())) == ("f" * 64, 1)
    assert [found.key async for found in services.store.backend.list("uploads")] == []


async def test_every_kind_of_task_has_a_handler(services: Services) -> None:
    assert {VERIFY_FILE, REINDEX} < set(task_handlers(services))
