"""Experiments: folders of runs, each of one account. The default one holds what is in no other."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.compute.tracking import pair_queries, queries
from commonground.compute.tracking.callers import may_see, reader, scope, writer
from commonground.compute.tracking.checks import check_key, check_name, check_pairs
from commonground.compute.tracking.model import DEFAULT, DEFAULT_NAME, Experiment, Search
from commonground.database import Database
from commonground.database.schema.experiments import experiment_tag
from commonground.errors import ExperimentExists, ExperimentNotFound, InvalidRecord

NO_ID = 2**63 - 1
_DEFAULT = Experiment(id=DEFAULT, name=DEFAULT_NAME)


class Experiments:
    """The experiments of all accounts. All methods raise :class:`Unauthenticated` and :class:`Forbidden`; what is another
    account's looks absent: :class:`ExperimentNotFound`.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database, self._clock = database, clock

    async def create(self, principal: Principal, name: str, tags: Mapping[str, str]) -> Experiment:
        """A new experiment of the caller's; :class:`ExperimentExists`, :class:`InvalidRecord`."""
        owner = writer(principal).account_id or 0
        check_name(name)
        check_pairs(tags)
        made = None if name == DEFAULT_NAME else await self._database.write(_create, owner, name, tags, self._clock())
        if made is None:
            raise ExperimentExists(name=name[:100])
        return await self.find(principal, made)

    async def find(self, principal: Principal, experiment_id: int) -> Experiment:
        """The experiment with this id."""
        reader(principal)
        if experiment_id == DEFAULT:
            return _DEFAULT
        found = None
        if 0 < experiment_id < NO_ID:
            found = await self._database.read(queries.find_experiment, experiment_id)
        if found is None or not may_see(principal, found.owner_id):
            raise ExperimentNotFound(experiment=experiment_id)
        return found

    async def find_named(self, principal: Principal, name: str) -> Experiment:
        """The caller's experiment of this name."""
        if name == DEFAULT_NAME:
            return await self.find(principal, DEFAULT)
        found = await self._database.read(queries.find_named, reader(principal).account_id or 0, name)
        if found is None:
            raise ExperimentNotFound(experiment=name[:100])
        return found

    async def search(self, principal: Principal, search: Search) -> list[Experiment]:
        """A page of the caller's experiments, an administrator's of everybody's. The default one is part of the answer
        where nothing narrows it. :class:`InvalidFilter`.
        """
        found = await self._database.read(queries.search_experiments, scope(reader(principal)), search)
        plain = not search.conditions and search.existing != "deleted"
        return [*found, _DEFAULT] if plain and len(found) < search.limit else found

    async def rename(self, principal: Principal, experiment_id: int, name: str) -> None:
        """Give it another name; :class:`ExperimentExists`, :class:`InvalidRecord`."""
        check_name(name)
        found = await self._changing(principal, experiment_id)
        if name == DEFAULT_NAME or not await self._database.write(_rename, found, name, self._clock()):
            raise ExperimentExists(name=name[:100])

    async def set_deleted(self, principal: Principal, experiment_id: int, *, deleted: bool) -> None:
        """Put an experiment into the bin, or take it out. Its runs stay."""
        found, now = await self._changing(principal, experiment_id), self._clock()
        values = {"updated_at": now, "deleted_at": now if deleted else None}
        await self._database.write(queries.change_experiment, found.id, values)

    async def set_tag(self, principal: Principal, experiment_id: int, key: str, value: str) -> None:
        """Set a tag; :class:`InvalidRecord`."""
        check_pairs({key: value})
        found = await self._changing(principal, experiment_id)
        await self._database.write(pair_queries.put, experiment_tag, found.id, {key: value})

    async def remove_tag(self, principal: Principal, experiment_id: int, key: str) -> None:
        """Remove a tag; :class:`InvalidRecord` where there is none of this key."""
        check_key(key)
        found = await self._changing(principal, experiment_id)
        if not await self._database.write(pair_queries.remove, experiment_tag, found.id, key):
            raise InvalidRecord(reason=f"experiment {found.id} has no tag {key}")

    async def _changing(self, principal: Principal, experiment_id: int) -> Experiment:
        found = await self.find(writer(principal), experiment_id)
        if found.id == DEFAULT:
            raise InvalidRecord(reason="the default experiment never changes")
        return found


def _create(connection: Connection, owner_id: int, name: str, tags: Mapping[str, str], now: int) -> int | None:
    made = queries.add_experiment(connection, owner_id, name, now)
    if made is not None:
        pair_queries.put(connection, experiment_tag, made, tags)
    return made


def _rename(connection: Connection, found: Experiment, name: str, now: int) -> bool:
    other = queries.find_named(connection, found.owner_id or 0, name)
    if other is not None and other.id != found.id:
        return False
    queries.change_experiment(connection, found.id, {"name": name, "updated_at": now})
    return True
