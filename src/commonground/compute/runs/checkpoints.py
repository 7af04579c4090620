"""Checkpoints nobody will continue from."""

import asyncio
import shutil
from pathlib import Path

from commonground.compute.runs import queries
from commonground.compute.runs.model import ENDED, Run
from commonground.database.clock import now_ms
from commonground.database.unit_of_work import Database

KEPT = 7 * 86_400_000
"""How long a failed or cancelled run can be resumed from its checkpoint, in milliseconds."""
BATCH = 500


async def prune(database: Database, root: Path) -> int:
    """Remove the folders below ``root`` of runs that succeeded, ended long ago, or are not known; how many there were."""
    folders = {int(path.name): path for path in await asyncio.to_thread(_folders, root)}
    numbers, pruned = sorted(folders), 0
    for first in range(0, len(numbers), BATCH):
        batch = numbers[first : first + BATCH]
        found = {run.id: run for run in await database.read(queries.by_ids, batch)}
        for number in batch:
            if _is_over(found.get(number)):
                await asyncio.to_thread(shutil.rmtree, folders[number], ignore_errors=True)
                pruned += 1
    return pruned


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return [path for path in root.iterdir() if path.name.isdecimal() and not path.is_symlink()]


def _is_over(run: Run | None) -> bool:
    if run is None:
        return True
    if run.state not in ENDED:
        return False
    return run.state == "succeeded" or (run.finished_at or 0) < now_ms() - KEPT
