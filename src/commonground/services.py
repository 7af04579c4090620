"""All services of one process, without any HTTP: what the server, the commands and the tests open."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from commonground.accounts.access_keys import AccessKeys
from commonground.accounts.service import Accounts
from commonground.accounts.signing import Signer, master_key
from commonground.community.likes.service import Likes
from commonground.compute.runs.schedules import Schedules
from commonground.compute.runs.service import Runs
from commonground.compute.tracking.service import Tracking
from commonground.database import Database
from commonground.database.migrations import migrate
from commonground.hub.archives.service import Archives
from commonground.hub.cards.observer import CardObserver
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.service import Revisions, write_initial_commit
from commonground.hub.search.index import search_index
from commonground.hub.weights.service import WeightsObserver, WeightsReader
from commonground.settings import Settings
from commonground.store.backends import open_backend
from commonground.store.service import Store
from commonground.store.uploads import Uploads
from commonground.training.privacy.service import PrivacyLedger


@dataclass(frozen=True, slots=True)
class Services:
    """``async with await Services.open(settings) as services``: everything below the faces, sharing one database."""

    settings: Settings
    database: Database
    accounts: Accounts
    signer: Signer
    access_keys: AccessKeys
    repositories: Repositories
    store: Store
    uploads: Uploads
    revisions: Revisions
    archives: Archives
    likes: Likes
    runs: Runs
    tracking: Tracking
    schedules: Schedules
    privacy: PrivacyLedger

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Bring the schema up to date and connect the services to each other."""
        data_directory(settings)
        await asyncio.to_thread(migrate, settings.database_address)
        database = Database(settings.database_address, settings.database_threads)
        repositories = Repositories(database, write_initial_commit)
        store = Store(database, open_backend(settings), settings, repositories)
        revisions = Revisions(database, store, settings)
        revisions.observe(CardObserver(revisions, search_index(sqlite=database.is_sqlite)))
        revisions.observe(WeightsObserver(WeightsReader(revisions)))
        accounts = Accounts(database, settings)
        signer = Signer(await master_key(database, settings))
        privacy = PrivacyLedger(database)
        runs = Runs(database, repositories, revisions, settings, signer.derive("runs"), guard=privacy)
        return cls(
            settings=settings,
            database=database,
            accounts=accounts,
            signer=signer,
            access_keys=AccessKeys(database, accounts, signer),
            repositories=repositories,
            store=store,
            uploads=Uploads(database, store, settings),
            revisions=revisions,
            archives=Archives(revisions, store, settings.memory_cache_bytes // 4),
            likes=Likes(database, repositories),
            runs=runs,
            tracking=Tracking(database, store, revisions),
            schedules=Schedules(database, accounts, runs),
            privacy=privacy,
        )

    async def close(self) -> None:
        """Finish pending work and close the database."""
        await self.accounts.close()
        await self.store.close()
        self.database.close()

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
