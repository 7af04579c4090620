"""Experiments."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.compute.tracking.model import Existing, Search
from commonground.gateways.mlflow import answers, wire
from commonground.gateways.mlflow.context import Context, answer, endpoint, offset_of, paged, pairs, read, size_of
from commonground.gateways.mlflow.filters import parse_filter, parse_order
from commonground.gateways.mlflow.names import experiment_number
from commonground.http.parameters import read_query
from commonground.http.routing import Route

VIEWS: dict[str, Existing] = {"ACTIVE_ONLY": "active", "DELETED_ONLY": "deleted", "ALL": "all"}


class ExperimentRoutes:
    """Folders of runs."""

    def __init__(self, context: Context) -> None:
        self._context, self._experiments = context, context.tracking.experiments

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        one, tag = wire.ExperimentId, wire.ExperimentTag
        return [
            endpoint("POST", "experiments/create", self.create, "Create an experiment", body=wire.CreateExperiment),
            endpoint("GET", "experiments/get", self.find, "Look at an experiment", query=one),
            endpoint("GET", "experiments/get-by-name", self.find_named, "Find one by its name",
                     query=wire.ExperimentName),
            endpoint("POST", "experiments/search", self.search, "Search experiments", body=wire.SearchExperiments),
            endpoint("GET", "experiments/search", self.search_by_query, "Search experiments",
                     query=wire.SearchQuery),
            endpoint("POST", "experiments/update", self.rename, "Rename an experiment", body=wire.RenameExperiment),
            endpoint("POST", "experiments/delete", self.delete, "Delete an experiment", body=one),
            endpoint("POST", "experiments/restore", self.restore, "Restore an experiment", body=one),
            endpoint("POST", "experiments/set-experiment-tag", self.set_tag, "Set a tag", body=tag),
            endpoint("POST", "experiments/delete-experiment-tag", self.delete_tag, "Remove a tag", body=tag),
        ]  # fmt: skip

    async def create(self, request: Request) -> Response:
        """A new experiment of the caller's."""
        caller, asked = await self._context.caller(request), await read(request, wire.CreateExperiment)
        made = await self._experiments.create(caller, asked.name, pairs(asked.tags))
        return answer({"experiment_id": str(made.id)})

    async def find(self, request: Request) -> Response:
        """The experiment with this id."""
        caller, asked = await self._context.caller(request), read_query(request, wire.ExperimentId)
        found = await self._experiments.find(caller, experiment_number(asked.experiment_id))
        return answer({"experiment": answers.experiment(found)})

    async def find_named(self, request: Request) -> Response:
        """The caller's experiment of this name."""
        caller, asked = await self._context.caller(request), read_query(request, wire.ExperimentName)
        found = await self._experiments.find_named(caller, asked.experiment_name)
        return answer({"experiment": answers.experiment(found)})

    async def search(self, request: Request) -> Response:
        """A page of experiments."""
        return await self._search(request, await read(request, wire.SearchExperiments))

    async def search_by_query(self, request: Request) -> Response:
        """The same for clients that ask in the query string."""
        asked = read_query(request, wire.SearchQuery)
        plain = (asked.filter, list(asked.order_by), asked.max_results, asked.page_token)
        return await self._search(request, wire.SearchExperiments(*plain))

    async def _search(self, request: Request, asked: wire.SearchExperiments) -> Response:
        caller, size, offset = (
            await self._context.caller(request),
            size_of(asked.max_results),
            offset_of(asked.page_token),
        )
        search = Search(
            conditions=parse_filter(asked.filter),
            order=parse_order(asked.order_by),
            existing=VIEWS[asked.view_type],
            offset=offset,
            limit=size + 1,
        )
        found = await self._experiments.search(caller, search)
        return answer(paged("experiments", [answers.experiment(one) for one in found], offset, size))

    async def rename(self, request: Request) -> Response:
        """Give it another name."""
        caller, asked = await self._context.caller(request), await read(request, wire.RenameExperiment)
        await self._experiments.rename(caller, experiment_number(asked.experiment_id), asked.new_name)
        return answer()

    async def delete(self, request: Request) -> Response:
        """Put it into the bin."""
        return await self._set_deleted(request, deleted=True)

    async def restore(self, request: Request) -> Response:
        """Take it out of the bin."""
        return await self._set_deleted(request, deleted=False)

    async def _set_deleted(self, request: Request, *, deleted: bool) -> Response:
        caller, asked = await self._context.caller(request), await read(request, wire.ExperimentId)
        await self._experiments.set_deleted(caller, experiment_number(asked.experiment_id), deleted=deleted)
        return answer()

    async def set_tag(self, request: Request) -> Response:
        """Set a tag."""
        caller, asked = await self._context.caller(request), await read(request, wire.ExperimentTag)
        await self._experiments.set_tag(caller, experiment_number(asked.experiment_id), asked.key, asked.value)
        return answer()

    async def delete_tag(self, request: Request) -> Response:
        """Remove a tag."""
        caller, asked = await self._context.caller(request), await read(request, wire.ExperimentTag)
        await self._experiments.remove_tag(caller, experiment_number(asked.experiment_id), asked.key)
        return answer()
