"""A worker as a process of its own: ``python -m tests.compute.runs.worker_process DATA``."""

import asyncio
import sys
from pathlib import Path

from commonground.services import Services
from commonground.settings import Settings
from tests.compute.runs.house import working


async def main() -> None:
    async with await Services.open(Settings(data=Path(sys.argv[1]))) as services, working(services, lease_seconds=1.0):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
