"""All services of one process, without any HTTP: what the server, the commands and the tests open."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from commonground.accounts.service import Accounts
from commonground.accounts.signing import Signer
from commonground.database import Database
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.service import Revisions
from commonground.settings import Settings
from commonground.store.service import Store


@dataclass(frozen=True, slots=True)
class Services:
    """``async with await Services.open(settings) as services``: everything below the faces, sharing one database."""

    settings: Settings
    database: Database
    accounts: Accounts
    signer: Signer
    repositories: Repositories
    store: Store
    revisions: Revisions

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Bring the schema up to date and connect the services to each other."""
        raise NotImplementedError

    async def close(self) -> None:
        """Finish pending work and close the database."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """These services; they are closed at the end of the block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()


def data_directory(settings: Settings) -> Path:
    """The data directory, made if it is absent."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return settings.data
