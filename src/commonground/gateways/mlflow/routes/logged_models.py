"""Logged models, and what a run reads and makes."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.compute.tracking.model import Field, Order, Search
from commonground.gateways.mlflow import answers, wire
from commonground.gateways.mlflow.context import Context, answer, endpoint, offset_of, paged, pairs, read, size_of
from commonground.gateways.mlflow.filters import parse_filter, parse_order
from commonground.gateways.mlflow.names import experiment_number, run_number
from commonground.http.parameters import read_query
from commonground.http.routing import Route

MODEL = "logged-models/{model}"
_FIELDS = {"creation_time": "creation_timestamp", "last_updated_time": "last_updated_timestamp"}


class LoggedModelRoutes:
    """Models that were saved and not yet published."""

    def __init__(self, context: Context) -> None:
        self._context, self._models, self._runs = context, context.tracking.models, context.tracking.runs

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", "logged-models", self.create, "Begin to log a model", body=wire.CreateLoggedModel),
            endpoint("POST", "logged-models/search", self.search, "Search them", body=wire.SearchLoggedModels),
            endpoint("GET", MODEL, self.find, "Look at a logged model", query=wire.AllowDeleted),
            endpoint("PATCH", MODEL, self.finish, "Say that it is complete", body=wire.FinalizeLoggedModel),
            endpoint("DELETE", MODEL, self.delete, "Delete it"),
            endpoint("PATCH", f"{MODEL}/tags", self.set_tags, "Set its tags", body=wire.TagList),
            endpoint("DELETE", f"{MODEL}/tags/{{key*}}", self.delete_tag, "Remove one of its tags"),
            endpoint("POST", f"{MODEL}/params", self.add_params, "Add to its parameters", body=wire.ParamList),
            endpoint("POST", "runs/outputs", self.log_outputs, "Say what a run has logged", body=wire.LogOutputs),
            endpoint("POST", "runs/log-inputs", self.log_inputs, "Say what a run reads", body=wire.LogInputs),
            endpoint("POST", "runs/log-model", self.log_model, "What older clients say of a model", body=wire.RunId),
        ]

    async def create(self, request: Request) -> Response:
        """A new one of the caller's."""
        caller, asked = await self._context.caller(request), await read(request, wire.CreateLoggedModel)
        made = await self._models.create(
            caller,
            asked.name,
            experiment_id=experiment_number(asked.experiment_id),
            run_id=run_number(asked.source_run_id) if asked.source_run_id else None,
            model_type=asked.model_type,
            tags=pairs(asked.tags),
            params=pairs(asked.params),
        )
        return answer({"model": answers.logged_model(made)})

    async def find(self, request: Request) -> Response:
        """The model of this name."""
        caller, asked = await self._context.caller(request), read_query(request, wire.AllowDeleted)
        found = await self._models.find(caller, request.path_params["model"], deleted=asked.allow_deleted)
        return answer({"model": answers.logged_model(found)})

    async def search(self, request: Request) -> Response:
        """A page of the logged models of some experiments."""
        caller, asked = await self._context.caller(request), await read(request, wire.SearchLoggedModels)
        size, offset = size_of(asked.max_results), offset_of(asked.page_token)
        search = Search(
            conditions=parse_filter(asked.filter, answers.MODEL_WORDS),
            order=tuple(_order(one) for one in asked.order_by),
            offset=offset,
            limit=size + 1,
        )
        experiments = [experiment_number(one) for one in asked.experiment_ids]
        found = await self._models.search(caller, experiments, search)
        return answer(paged("models", [answers.logged_model(one) for one in found], offset, size))

    async def finish(self, request: Request) -> Response:
        """All files were sent, or that failed."""
        caller, asked = await self._context.caller(request), await read(request, wire.FinalizeLoggedModel)
        found = await self._models.finish(caller, request.path_params["model"], answers.MODEL_STATES[asked.status])
        return answer({"model": answers.logged_model(found)})

    async def delete(self, request: Request) -> Response:
        """Put it into the bin."""
        await self._models.delete(await self._context.caller(request), request.path_params["model"])
        return answer()

    async def set_tags(self, request: Request) -> Response:
        """Set tags."""
        caller, asked = await self._context.caller(request), await read(request, wire.TagList)
        found = await self._models.set_tags(caller, request.path_params["model"], pairs(asked.tags))
        return answer({"model": answers.logged_model(found)})

    async def delete_tag(self, request: Request) -> Response:
        """Remove a tag."""
        caller, params = await self._context.caller(request), request.path_params
        await self._models.remove_tag(caller, params["model"], params["key"])
        return answer()

    async def add_params(self, request: Request) -> Response:
        """Add parameters."""
        caller, asked = await self._context.caller(request), await read(request, wire.ParamList)
        await self._models.add_params(caller, request.path_params["model"], pairs(asked.params))
        return answer()

    async def log_outputs(self, request: Request) -> Response:
        """Note which models a run has logged."""
        caller, asked = await self._context.caller(request), await read(request, wire.LogOutputs)
        steps = {model.model_id: model.step for model in asked.models}
        await self._models.logged_at(caller, run_number(asked.id), steps)
        return answer()

    async def log_inputs(self, request: Request) -> Response:
        """Note which data sets a run reads."""
        caller, asked = await self._context.caller(request), await read(request, wire.LogInputs)
        await self._runs.plain(caller, run_number(asked.id))
        for given in asked.datasets:
            document = msgspec.json.encode(given).decode()
            await self._runs.add_dataset(
                caller, run_number(asked.id), given.dataset.name, given.dataset.digest, document
            )
        return answer()

    async def log_model(self, request: Request) -> Response:
        """Checked, and nothing more: its files say it better."""
        caller, asked = await self._context.caller(request), await read(request, wire.RunId)
        await self._runs.find(caller, run_number(asked.id))
        return answer()


def _order(asked: wire.ModelOrder) -> Order:
    name = _FIELDS.get(asked.field_name, asked.field_name)
    found: Field = parse_order([name])[0].field
    return Order(found, descending=not asked.ascending)
