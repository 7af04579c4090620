"""Objects on their way into the database, ahead of the transaction that makes them visible."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager

from commonground.hub.revisions import object_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.objects import GitObject, pack

BATCH_ROWS = 500
BATCH_BYTES = 4 * 2**20
INLINE_LIMIT = 128 * 2**10  # blobs above it keep their body in the store


def fits_one_batch(objects: Sequence[GitObject]) -> bool:
    """Whether the objects are few and small enough for the transaction that publishes them."""
    return len(objects) <= BATCH_ROWS and sum(len(item.body or b"") for item in objects) <= BATCH_BYTES


def batches(objects: Iterable[GitObject]) -> Iterator[list[GitObject]]:
    """``objects`` in parts for one transaction each."""
    batch: list[GitObject] = []
    weight = 0
    for item in objects:
        batch.append(item)
        weight += len(item.body or b"")
        if len(batch) >= BATCH_ROWS or weight >= BATCH_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


@asynccontextmanager
async def landed(context: Context, repository_id: int, objects: Sequence[GitObject]) -> AsyncIterator[None]:
    """Write objects in batches; until the block ends gc leaves them alone. A crash leaves unreachable objects behind,
    which gc finds when the lease is over.
    """
    expires_at = context.clock() + context.settings.upload_lease_seconds * 1000
    lease = await context.database.write(object_queries.take_lease, repository_id, expires_at)
    try:
        for batch in batches(objects):
            packed = await asyncio.to_thread(lambda items: [pack(item) for item in items], batch)
            await context.database.write(object_queries.add_objects, repository_id, packed, context.clock())
        yield
    finally:
        await context.database.write(object_queries.release_lease, lease)
