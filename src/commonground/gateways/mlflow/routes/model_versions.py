"""Versions of registered models: commits, by number."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.compute.tracking.model import Condition, Version
from commonground.compute.tracking.registry_queries import Registration
from commonground.errors import CommongroundError, InvalidFilter, InvalidRecord
from commonground.gateways.mlflow import answers, wire
from commonground.gateways.mlflow.answers import DESCRIPTION, NO_STAGE, STAGE
from commonground.gateways.mlflow.context import Context, answer, endpoint, offset_of, paged, pairs, read, size_of
from commonground.gateways.mlflow.filters import parse_filter
from commonground.gateways.mlflow.names import run_number, version_artifacts, version_number
from commonground.gateways.mlflow.sources import Sources
from commonground.http.parameters import read_query
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository

STAGES = {name.lower(): name for name in (NO_STAGE, "Staging", "Production", "Archived")}
LISTED = 200
"""Versions in one page of a list."""


class ModelVersionRoutes:
    """Versions, their tags and stages."""

    def __init__(self, context: Context) -> None:
        self._context, self._registry = context, context.tracking.registry
        self._sources = Sources(context)

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        one = wire.Version
        return [
            endpoint("POST", "model-versions/create", self.create, "Create a version", body=wire.CreateVersion),
            endpoint("GET", "model-versions/get", self.find, "Look at a version", query=("name", "version")),
            endpoint("GET", "model-versions/search", self.search, "Search versions", query=wire.SearchQuery),
            endpoint("GET", "model-versions/get-download-uri", self.download_uri, "Where its files are",
                     query=("name", "version")),
            endpoint("PATCH", "model-versions/update", self.update, "Describe it", body=one),
            endpoint("POST", "model-versions/transition-stage", self.move, "Put it into a stage", body=one),
            endpoint("DELETE", "model-versions/delete", self.delete, "Refused: a version is a commit", body=one),
            endpoint("POST", "model-versions/set-tag", self.set_tag, "Set a tag of it", body=one),
            endpoint("DELETE", "model-versions/delete-tag", self.delete_tag, "Remove a tag of it", body=one),
        ]  # fmt: skip

    async def create(self, request: Request) -> Response:
        """Commit the files of a run, of a logged model or of another version; no byte is copied."""
        caller, asked = await self._context.caller(request), await read(request, wire.CreateVersion)
        repository = await self._context.model(caller, asked.name, Action.WRITE)
        origin = await self._sources.find(caller, asked.source)
        how = Registration(
            repository_id=repository.id,
            commit="",
            run_id=await self._sources.run_of(caller, asked.run_id, origin),
            model_uid=origin.model_uid,
            source=asked.source,
        )
        tags = pairs(asked.tags) | ({DESCRIPTION: asked.description} if asked.description else {})
        made = await self._registry.add_version(caller, repository, origin.files, how, tags)
        return self._shown(repository, made)

    def _shown(self, repository: Repository, version: Version) -> Response:
        return answer({"model_version": answers.version(repository, version)})

    async def find(self, request: Request) -> Response:
        """The version with this number."""
        return self._shown(*await self._found(request))

    async def download_uri(self, request: Request) -> Response:
        """The address of its files."""
        repository, version = await self._found(request)
        return answer({"artifact_uri": version_artifacts(repository, version.commit)})

    async def _found(self, request: Request) -> tuple[Repository, Version]:
        caller, asked = await self._context.caller(request), read_query(request, wire.Version)
        repository = await self._context.readable(caller, asked.name)
        return repository, await self._registry.version(repository, version_number(asked.version))

    async def search(self, request: Request) -> Response:
        """The versions of a model, newest first, or those that came out of a run."""
        caller, asked = await self._context.caller(request), read_query(request, wire.SearchQuery)
        size, offset = size_of(asked.max_results, LISTED), offset_of(asked.page_token)
        wanted = {one.field.key: _text(one) for one in parse_filter(asked.filter)}
        if not wanted or not wanted.keys() <= {"name", "run_id"}:
            raise InvalidFilter(reason="versions are searched by name = '...', by run_id = '...', or by both")
        if "run_id" in wanted:
            found = await self._of_run(caller, wanted["run_id"], offset + size + 1)
            named = wanted.get("name")
            shown = [one for one in found if named in {None, one["name"]}][offset:]
        else:
            shown = await self._of_model(caller, wanted["name"], offset, size + 1)
        return answer(paged("model_versions", shown, offset, size))

    async def _of_model(self, caller: Principal, name: str, offset: int, limit: int) -> list[dict[str, object]]:
        try:
            repository = await self._context.readable(caller, name)
        except CommongroundError:
            return []  # a search finds what there is for the caller
        last = await self._registry.count(repository) - offset
        found = await self._registry.versions(repository, range(last, max(0, last - limit), -1))
        return [answers.version(repository, one) for one in found]

    async def _of_run(self, caller: Principal, run_id: str, limit: int) -> list[dict[str, object]]:
        run = await self._context.tracking.runs.plain(caller, run_number(run_id))
        found = []
        for made in await self._registry.of_run(run.id, limit):
            try:
                there = await self._context.repositories.by_id(made.repository_id)
                repository = await self._context.readable(caller, there.full_name)
                number = await self._registry.number_of(repository, made.commit)
            except CommongroundError:
                continue  # hidden from the caller now, or no longer in the history
            found.append(answers.version(repository, await self._registry.version(repository, number)))
        return found

    async def update(self, request: Request) -> Response:
        """Describe it."""
        repository, asked = await self._changing(request)
        return await self._tagged(repository, asked, {DESCRIPTION: asked.description or ""})

    async def move(self, request: Request) -> Response:
        """Put it into a stage, and the others there into the archive if that is asked for."""
        repository, asked = await self._changing(request)
        stage = STAGES.get(asked.stage.lower())
        if stage is None:
            raise InvalidRecord(reason=f"there is no stage {asked.stage[:50]}; there are {', '.join(STAGES.values())}")
        if asked.archive_existing_versions:
            await self._archive(repository, stage, version_number(asked.version))
        return await self._tagged(repository, asked, {STAGE: stage})

    async def _archive(self, repository: Repository, stage: str, kept: int) -> None:
        last = await self._registry.count(repository)
        for one in await self._registry.versions(repository, range(last, max(0, last - LISTED), -1)):
            if one.tags.get(STAGE) == stage and one.number != kept:
                await self._registry.set_tags(repository, {STAGE: STAGES["archived"]}, one.number)

    async def delete(self, request: Request) -> Response:
        """Refused, whoever asks for it."""
        await self._changing(request)
        raise InvalidRecord(reason="a version is a commit, which stays; delete its aliases, or the whole model")

    async def set_tag(self, request: Request) -> Response:
        """Set a tag of it."""
        repository, asked = await self._changing(request)
        await self._registry.set_tags(repository, {asked.key: asked.value}, version_number(asked.version))
        return answer()

    async def delete_tag(self, request: Request) -> Response:
        """Remove a tag of it."""
        repository, asked = await self._changing(request)
        await self._registry.remove_tag(repository, asked.key, version_number(asked.version))
        return answer()

    async def _changing(self, request: Request) -> tuple[Repository, wire.Version]:
        caller, asked = await self._context.caller(request), await read(request, wire.Version)
        return await self._context.model(caller, asked.name, Action.WRITE), asked

    async def _tagged(self, repository: Repository, asked: wire.Version, tags: dict[str, str]) -> Response:
        number = version_number(asked.version)
        await self._registry.set_tags(repository, tags, number)
        return self._shown(repository, await self._registry.version(repository, number))


def _text(condition: Condition) -> str:
    if condition.comparator != "=" or not isinstance(condition.value, str):
        raise InvalidFilter(reason=f"versions are searched by {condition.field.key[:50]} = '...'")
    return condition.value
