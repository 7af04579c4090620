"""Artifacts: the files of runs and of logged models."""

from collections.abc import AsyncIterator, Callable
from typing import Literal

import msgspec
from sqlalchemy import Table

from commonground.accounts.model import Principal
from commonground.compute.tracking import artifact_queries as queries
from commonground.compute.tracking.callers import reader, writer
from commonground.compute.tracking.logged_models import LoggedModels
from commonground.compute.tracking.model import Artifact
from commonground.compute.tracking.recorder import Recorder
from commonground.database import Database
from commonground.database.schema.experiments import logged_model_artifact, run_artifact
from commonground.errors import BlobNotFound, EntryNotFound, InvalidPath, InvalidRecord
from commonground.hub.revisions.paths import split_path
from commonground.store.service import Store

MOST_FILES = 10_000
PATH_LIMIT = 1024


class Place(msgspec.Struct, frozen=True):
    """Whose files: a run by id, or a logged model by uid."""

    kind: Literal["run", "model"]
    name: str


class Artifacts:
    """The artifacts of all accounts. All methods raise :class:`Unauthenticated` and :class:`Forbidden`; what is another
    account's looks absent: :class:`RunNotFound`, :class:`LoggedModelNotFound`.
    """

    def __init__(
        self, database: Database, store: Store, runs: Recorder, models: LoggedModels, clock: Callable[[], int]
    ) -> None:
        self._database, self._store, self._runs, self._models = database, store, runs, models
        self._clock = clock

    async def put(self, principal: Principal, place: Place, path: str, parts: AsyncIterator[bytes]) -> Artifact:
        """Keep a file, in place of one with this path; :class:`InvalidPath`, :class:`InvalidRecord` for one too many."""
        table, subject = await self._subject(writer(principal), place)
        _check_path(path)
        if await self._database.read(queries.count, table, subject) >= MOST_FILES:
            raise InvalidRecord(reason=f"there are {MOST_FILES} files already")
        stored = await self._store.ingest(principal.account_id or 0, parts)
        artifact = Artifact(path=path, size=stored.size, sha256=stored.sha256 or b"", file_hash=stored.hash)
        if not await self._database.write(queries.put, table, subject, artifact, self._clock()):
            raise BlobNotFound(oid=artifact.sha256.hex())
        return artifact

    async def below(self, principal: Principal, place: Place, folder: str = "") -> list[Artifact]:
        """The files below a folder, at any depth, by path."""
        table, subject = await self._subject(reader(principal), place)
        return await self._database.read(queries.below, table, subject, folder)

    async def find(self, principal: Principal, place: Place, path: str) -> Artifact:
        """The file with this path; :class:`EntryNotFound`."""
        table, subject = await self._subject(reader(principal), place)
        found = await self._database.read(queries.find, table, subject, path)
        if found is None:
            raise EntryNotFound(path=path)
        return found

    async def remove(self, principal: Principal, place: Place, path: str) -> None:
        """Remove a file or a folder; :class:`EntryNotFound`."""
        table, subject = await self._subject(writer(principal), place)
        if not await self._database.write(queries.remove, table, subject, path) and path:
            raise EntryNotFound(path=path)

    async def _subject(self, principal: Principal, place: Place) -> tuple[Table, int]:
        if place.kind == "model":
            return logged_model_artifact, (await self._models.find(principal, place.name)).id
        number = int(place.name) if place.name.isdecimal() and len(place.name) < 20 else 0
        return run_artifact, (await self._runs.plain(principal, number)).id


def _check_path(path: str) -> None:
    split_path(path)
    if len(path) > PATH_LIMIT:
        raise InvalidPath(path=path[:100], reason=f"it is longer than {PATH_LIMIT} characters")
