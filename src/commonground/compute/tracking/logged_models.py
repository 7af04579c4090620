"""Logged models: a saved model under a name that never changes, before anybody decides to publish it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.compute.tracking import model_queries, pair_queries
from commonground.compute.tracking.callers import may_see, reader, scope, writer
from commonground.compute.tracking.checks import check_key, check_name, check_number, check_pairs
from commonground.compute.tracking.experiments import NO_ID, Experiments
from commonground.compute.tracking.model import DEFAULT, LoggedModel, ModelState, Search
from commonground.compute.tracking.recorder import MOST_EXPERIMENTS, Recorder
from commonground.database import Database
from commonground.database.schema.experiments import logged_model_param, logged_model_tag
from commonground.errors import InvalidRecord, LoggedModelNotFound

TYPE_LIMIT = 100


class LoggedModels:
    """The logged models of all accounts. All methods raise :class:`Unauthenticated` and :class:`Forbidden`; what is
    another account's looks absent: :class:`LoggedModelNotFound`.
    """

    def __init__(self, database: Database, experiments: Experiments, runs: Recorder, clock: Callable[[], int]) -> None:
        self._database, self._experiments, self._runs, self._clock = database, experiments, runs, clock

    async def create(
        self,
        principal: Principal,
        name: str,
        *,
        experiment_id: int,
        run_id: int | None = None,
        model_type: str = "",
        tags: Mapping[str, str],
        params: Mapping[str, str],
    ) -> LoggedModel:
        """A new one, its files to be sent; an empty ``name`` is made up. :class:`ExperimentNotFound`,
        :class:`RunNotFound`, :class:`InvalidRecord`.
        """
        uid, now = f"m-{secrets.token_hex(16)}", self._clock()
        experiment = await self._experiments.find(writer(principal), experiment_id)
        if run_id is not None:
            await self._runs.find(principal, run_id)
        for pairs in (tags, params):
            check_pairs(pairs)
        if len(model_type) > TYPE_LIMIT:
            raise InvalidRecord(reason=f"a type of model has at most {TYPE_LIMIT} characters")
        values: dict[str, Any] = {
            "uid": uid, "owner_id": principal.account_id, "run_id": run_id, "state": "pending",
            "experiment_id": None if experiment.id == DEFAULT else experiment.id,
            "name": check_name(name or f"model-{uid[2:8]}"), "model_type": model_type,
            "created_at": now, "updated_at": now,
        }  # fmt: skip
        await self._database.write(_create, values, tags, params)
        return await self.find(principal, uid)

    async def find(self, principal: Principal, uid: str, *, deleted: bool = False) -> LoggedModel:
        """The model of this name; ``deleted`` ones, too, if asked for."""
        reader(principal)
        found = await self._database.read(model_queries.find, uid)
        hidden = found is not None and found.deleted_at is not None and not deleted
        if found is None or hidden or not may_see(principal, found.owner_id):
            raise LoggedModelNotFound(model=uid[:64])
        return found

    async def search(self, principal: Principal, experiments: Sequence[int], search: Search) -> list[LoggedModel]:
        """A page of the caller's models in some experiments; :class:`InvalidFilter`."""
        known = [one for one in experiments[:MOST_EXPERIMENTS] if 0 <= one < NO_ID]
        return await self._database.read(model_queries.search, scope(reader(principal)), known, search)

    async def finish(self, principal: Principal, uid: str, state: ModelState) -> LoggedModel:
        """All files were sent, or that failed."""
        found = await self.find(writer(principal), uid)
        await self._database.write(model_queries.change, found.id, {"state": state, "updated_at": self._clock()})
        return await self.find(principal, uid)

    async def delete(self, principal: Principal, uid: str) -> None:
        """Put a model into the bin."""
        found = await self.find(writer(principal), uid)
        await self._database.write(model_queries.change, found.id, {"deleted_at": self._clock()})

    async def logged_at(self, principal: Principal, run_id: int, steps: Mapping[str, int]) -> None:
        """Models of a run, by uid, and the step at which it logged them; :class:`RunNotFound`."""
        await self._runs.find(writer(principal), run_id)
        for uid, step in steps.items():
            check_number(step)
            found = await self.find(principal, uid)
            if found.run_id not in {None, run_id}:
                raise InvalidRecord(reason=f"model {uid} was logged by run {found.run_id}")
            await self._database.write(model_queries.change, found.id, {"run_id": run_id, "step": step})

    async def set_tags(self, principal: Principal, uid: str, tags: Mapping[str, str]) -> LoggedModel:
        """Set tags; :class:`InvalidRecord`."""
        check_pairs(tags)
        found = await self.find(writer(principal), uid)
        await self._database.write(pair_queries.put, logged_model_tag, found.id, tags)
        return await self.find(principal, uid)

    async def remove_tag(self, principal: Principal, uid: str, key: str) -> None:
        """Remove a tag; :class:`InvalidRecord` where there is none of this key."""
        check_key(key)
        found = await self.find(writer(principal), uid)
        if not await self._database.write(pair_queries.remove, logged_model_tag, found.id, key):
            raise InvalidRecord(reason=f"model {uid} has no tag {key}")

    async def add_params(self, principal: Principal, uid: str, params: Mapping[str, str]) -> None:
        """Add parameters; those it has stay. :class:`InvalidRecord`."""
        check_pairs(params)
        found = await self.find(writer(principal), uid)
        await self._database.write(pair_queries.add, logged_model_param, found.id, params)


def _create(connection: Connection, values: dict[str, Any], tags: Mapping[str, str], params: Mapping[str, str]) -> None:
    model_id = model_queries.add(connection, values)
    pair_queries.put(connection, logged_model_tag, model_id, tags)
    pair_queries.put(connection, logged_model_param, model_id, params)
