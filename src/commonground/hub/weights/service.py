"""Reads weight headers of revisions, and keeps the weights columns of a repository in step with its head."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from commonground.database import Database, tasks
from commonground.errors import CommongroundError
from commonground.hub.cards.observer import RevisionReader, list_files
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.weights import queries
from commonground.hub.weights.inspection import INDEX_LIMIT, combine, format_of, inspect, shards_of
from commonground.hub.weights.model import Format, InvalidWeights, WeightsInfo
from commonground.hub.weights.selection import INDEX, is_weight_file, select, summary

TASK = "weights.read"
LISTED = 5_000
READ_AT_ONCE = 4  # files whose headers are read inside the commit; more are left to a task
CONCURRENT = 4


class WeightsReader:
    """Weight files of a revision."""

    def __init__(self, revisions: RevisionReader) -> None:
        self._revisions = revisions

    async def describe(self, repository: Repository, entry: Entry) -> WeightsInfo | None:
        """What the header of one file says; ``None`` where it is no weight file."""
        format_ = format_of(entry.path)
        return None if format_ is None else await self._inspect(repository, entry, format_)

    async def files(self, repository: Repository, commit: str) -> dict[Format, list[Entry]]:
        """The files of a commit that stand for its weights. Raises :class:`InvalidWeights` for a broken index."""
        entries = {entry.path: entry for entry in await list_files(self._revisions, repository, commit, LISTED)}
        chosen = select(list(entries))
        found: dict[Format, list[Entry]] = {}
        for format_, names in chosen.items():
            if names == (INDEX,):
                index = await self._revisions.read(repository, entries[INDEX], 0, None, INDEX_LIMIT)
                names = shards_of(index)
            missing = next((name for name in names if name not in entries), None)
            if missing is not None:
                raise InvalidWeights(f"the index names {missing[:200]}, which is not there")
            found[format_] = [entries[name] for name in names]
        return found

    async def read(self, repository: Repository, files: Mapping[Format, Sequence[Entry]]) -> dict[Format, WeightsInfo]:
        """The headers of the files, shards added up."""
        gate = asyncio.Semaphore(CONCURRENT)

        async def one(entry: Entry, format_: Format) -> WeightsInfo:
            async with gate:
                return await self._inspect(repository, entry, format_)

        return {
            format_: combine(await asyncio.gather(*(one(entry, format_) for entry in entries)))
            for format_, entries in files.items()
        }

    async def _inspect(self, repository: Repository, entry: Entry, format_: Format) -> WeightsInfo:
        async def read_range(start: int, end: int) -> bytes:
            return await self._revisions.read(repository, entry, start, end, end - start)

        return await inspect(format_, entry.size, read_range)


class WeightsObserver:
    """A ``HeadObserver`` for weights. With many shards the headers are read by a task, soon after the commit."""

    def __init__(self, reader: WeightsReader) -> None:
        self._reader = reader

    async def prepare(
        self, repository: Repository, commit: str, entries_changed: Sequence[str]
    ) -> Callable[[Connection], None]:
        """Read the headers if a weight file changed; the result writes what they say."""
        if repository.kind != "model" or not any(is_weight_file(path) for path in entries_changed):
            return _nothing
        try:
            files = await self._reader.files(repository, commit)
        except (InvalidWeights, CommongroundError) as error:
            return partial(_write, repository.id, {"safetensors": {"error": str(error)}}, None)
        if sum(map(len, files.values())) > READ_AT_ONCE:
            return partial(_enqueue, repository.id, commit)
        return partial(_write, repository.id, *summary(await self._reader.read(repository, files)))


class WeightsTask:
    """The task that reads many shards: a handler for tasks of kind :data:`TASK`."""

    def __init__(self, database: Database, reader: WeightsReader, repository_by_id: Callable[[int], Any]) -> None:
        self._database = database
        self._reader = reader
        self._repository_by_id = repository_by_id

    async def __call__(self, running: tasks.Running) -> None:
        """Read the headers of a commit and keep what they say, if it is still the head."""
        identity, commit = running.payload["repository_id"], running.payload["commit"]
        repository: Repository = await self._repository_by_id(identity)
        try:
            files = await self._reader.files(repository, commit)
            weights, parameters = summary(await self._reader.read(repository, files))
        except InvalidWeights as error:
            weights, parameters = {"safetensors": {"error": str(error)}}, None
        await self._database.write(queries.write_at, identity, bytes.fromhex(commit), weights, parameters)


def _nothing(_connection: Connection) -> None:
    """No weight file changed: what is known stays true."""


def _write(repository_id: int, weights: Mapping[str, Any], parameters: int | None, connection: Connection) -> None:
    queries.write(connection, repository_id, weights, parameters)


def _enqueue(repository_id: int, commit: str, connection: Connection) -> None:
    payload = {"repository_id": repository_id, "commit": commit}
    tasks.enqueue(connection, TASK, payload, key=f"{TASK}:{repository_id}:{commit}")
