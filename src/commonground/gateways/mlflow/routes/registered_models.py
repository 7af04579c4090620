"""Registered models: repositories, by another name."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.compute.tracking.model import Condition, Version
from commonground.errors import CommongroundError, InvalidFilter, Unauthenticated
from commonground.gateways.mlflow import answers, wire
from commonground.gateways.mlflow.answers import DESCRIPTION, NO_STAGE, STAGE
from commonground.gateways.mlflow.context import Context, answer, endpoint, pairs, read, size_of
from commonground.gateways.mlflow.filters import parse_filter
from commonground.gateways.mlflow.names import split_name, version_number
from commonground.http.parameters import read_query
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.search.model import SearchQuery

LISTED = 100
"""Models in one page of a list."""
STAGED = 100
"""How many of the newest versions are looked at for the stages they are in."""


class RegisteredModelRoutes:
    """Models, their tags and aliases."""

    def __init__(self, context: Context) -> None:
        self._context, self._registry = context, context.tracking.registry

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        model, alias, tag = wire.RegisteredModel, wire.Alias, wire.ModelTag
        latest = "registered-models/get-latest-versions"
        return [
            endpoint("POST", "registered-models/create", self.create, "Create a registered model", body=model),
            endpoint("GET", "registered-models/get", self.find, "Look at a registered model", query=("name",)),
            endpoint("GET", "registered-models/search", self.search, "Search them", query=wire.SearchQuery),
            endpoint("PATCH", "registered-models/update", self.update, "Describe it", body=model),
            endpoint("POST", "registered-models/rename", self.rename, "Rename it", body=model),
            endpoint("DELETE", "registered-models/delete", self.delete, "Delete it", body=model),
            endpoint("POST", latest, self.latest, "Its newest versions", body=wire.LatestVersions),
            endpoint("GET", latest, self.latest_by_query, "Its newest versions", query=wire.LatestVersionsQuery),
            endpoint("POST", "registered-models/set-tag", self.set_tag, "Set a tag of it", body=tag),
            endpoint("DELETE", "registered-models/delete-tag", self.delete_tag, "Remove a tag of it", body=tag),
            endpoint("POST", "registered-models/alias", self.set_alias, "Give a version a name", body=alias),
            endpoint("DELETE", "registered-models/alias", self.delete_alias, "Take that name back", body=alias),
            endpoint("GET", "registered-models/alias", self.at_alias, "The version of that name", query=alias),
        ]

    async def create(self, request: Request) -> Response:
        """A new repository for models; it is as visible as its owner's are by default."""
        caller, asked = await self._context.caller(request), await read(request, wire.RegisteredModel)
        if caller.is_anonymous:
            raise Unauthenticated
        made = await self._context.repositories.create(caller, "model", *split_name(asked.name, caller))
        tags = pairs(asked.tags) | ({DESCRIPTION: asked.description} if asked.description else {})
        await self._registry.set_tags(made, tags)
        return await self._shown(caller, made)

    async def find(self, request: Request) -> Response:
        """A model, its tags, its aliases, its newest versions."""
        caller, asked = await self._context.caller(request), read_query(request, wire.RegisteredModel)
        return await self._shown(caller, await self._context.model(caller, asked.name, Action.READ_METADATA))

    async def _shown(self, caller: Principal, repository: Repository) -> Response:
        return answer({"registered_model": await self._described(caller, repository)})

    async def _described(self, caller: Principal, repository: Repository) -> dict[str, object]:
        """Versions and aliases are for those who may read the files."""
        tags = await self._registry.tags(repository)
        try:
            await self._context.readable(caller, repository.full_name)
        except CommongroundError:
            return answers.registered_model(repository, tags, {}, [])
        aliases = await self._registry.aliases(repository)
        return answers.registered_model(repository, tags, aliases, await self._latest(repository, ()))

    async def search(self, request: Request) -> Response:
        """A page of the models the caller may know of, the last changed first."""
        caller, asked = await self._context.caller(request), read_query(request, wire.SearchQuery)
        conditions = parse_filter(asked.filter)
        names = [one for one in conditions if (one.field.kind, one.field.key) == ("attribute", "name")]
        tags = [one for one in conditions if one.field.kind == "tag" and one.comparator in {"=", "!="}]
        if len(names) + len(tags) < len(conditions):
            raise InvalidFilter(reason="registered models are searched by their name, and by tags with = and !=")
        if (exact := next((one for one in names if one.comparator == "="), None)) is not None:
            found, cursor = await self._named(caller, str(exact.value)), None
        else:
            page = await self._context.repositories.list(caller, _query(asked, names))
            found, cursor = page.items, page.cursor
        models = [await self._described(caller, one) for one in found if await self._has(one, tags)]
        return answer({"registered_models": models, **({"next_page_token": cursor} if cursor else {})})

    async def _has(self, repository: Repository, conditions: Sequence[Condition]) -> bool:
        """Whether the tags are as asked for; one that is not there is unlike any text."""
        tags = await self._registry.tags(repository) if conditions else {}
        return all((tags.get(one.field.key) == one.value) == (one.comparator == "=") for one in conditions)

    async def _named(self, caller: Principal, name: str) -> list[Repository]:
        try:
            return [await self._context.model(caller, name, Action.READ_METADATA)]
        except CommongroundError:
            return []  # a search finds what there is for the caller

    async def update(self, request: Request) -> Response:
        """Describe it; the card of the repository stays as it is."""
        repository, asked = await self._changing(request)
        await self._registry.set_tags(repository, {DESCRIPTION: asked.description or ""})
        return await self._shown(await self._context.caller(request), repository)

    async def _changing(
        self, request: Request, action: Action = Action.WRITE
    ) -> tuple[Repository, wire.RegisteredModel]:
        caller, asked = await self._context.caller(request), await read(request, wire.RegisteredModel)
        return await self._context.model(caller, asked.name, action), asked

    async def rename(self, request: Request) -> Response:
        """Give the repository another name, or another owner."""
        repository, asked = await self._changing(request, Action.MANAGE)
        caller = await self._context.caller(request)
        moved = await self._context.repositories.move(caller, repository, *split_name(asked.new_name, caller))
        return await self._shown(caller, moved)

    async def delete(self, request: Request) -> Response:
        """Delete the repository."""
        repository, _ = await self._changing(request, Action.DELETE)
        await self._context.repositories.delete(await self._context.caller(request), repository)
        return answer()

    async def latest(self, request: Request) -> Response:
        """The newest version, and the newest of each stage; with stages, of those alone."""
        caller, asked = await self._context.caller(request), await read(request, wire.LatestVersions)
        return await self._latest_of(caller, asked.name, tuple(asked.stages))

    async def latest_by_query(self, request: Request) -> Response:
        """The same for clients that ask in the query string."""
        caller, asked = await self._context.caller(request), read_query(request, wire.LatestVersionsQuery)
        return await self._latest_of(caller, asked.name, asked.stages)

    async def _latest_of(self, caller: Principal, name: str, stages: tuple[str, ...]) -> Response:
        repository = await self._context.readable(caller, name)
        found = await self._latest(repository, stages)
        return answer({"model_versions": [answers.version(repository, one) for one in found]})

    async def _latest(self, repository: Repository, stages: tuple[str, ...]) -> list[Version]:
        last = await self._registry.count(repository)
        numbers = range(last, max(0, last - (STAGED if stages else 1)), -1)
        newest: dict[str, Version] = {}
        for version in await self._registry.versions(repository, list(numbers)):
            newest.setdefault(version.tags.get(STAGE, NO_STAGE).lower(), version)
        wanted = {stage.lower() for stage in stages}
        return [version for stage, version in newest.items() if not wanted or stage in wanted]

    async def set_tag(self, request: Request) -> Response:
        """Set a tag of the model."""
        caller, asked = await self._context.caller(request), await read(request, wire.ModelTag)
        repository = await self._context.model(caller, asked.name, Action.WRITE)
        await self._registry.set_tags(repository, {asked.key: asked.value})
        return answer()

    async def delete_tag(self, request: Request) -> Response:
        """Remove a tag of the model."""
        caller, asked = await self._context.caller(request), await read(request, wire.ModelTag)
        repository = await self._context.model(caller, asked.name, Action.WRITE)
        await self._registry.remove_tag(repository, asked.key)
        return answer()

    async def set_alias(self, request: Request) -> Response:
        """Make a tag of the repository point at a version."""
        caller, asked = await self._context.caller(request), await read(request, wire.Alias)
        repository = await self._context.model(caller, asked.name, Action.WRITE)
        await self._registry.set_alias(caller, repository, asked.alias, version_number(asked.version))
        return answer()

    async def delete_alias(self, request: Request) -> Response:
        """Remove that tag."""
        caller, asked = await self._context.caller(request), await read(request, wire.Alias)
        repository = await self._context.model(caller, asked.name, Action.WRITE)
        await self._registry.remove_alias(caller, repository, asked.alias)
        return answer()

    async def at_alias(self, request: Request) -> Response:
        """The version a tag or branch of the repository is at."""
        caller, asked = await self._context.caller(request), read_query(request, wire.Alias)
        repository = await self._context.readable(caller, asked.name)
        found = await self._registry.at_alias(repository, asked.alias)
        return answer({"model_version": answers.version(repository, found)})


def _query(asked: wire.SearchQuery, conditions: Sequence[Condition]) -> SearchQuery:
    """What is like a pattern is searched as a part of the name."""
    text = " ".join(str(one.value).replace("%", " ").replace(".", " ").strip() for one in conditions)
    size = size_of(asked.max_results, LISTED)
    return SearchQuery(kind="model", text=text, sort="lastModified", limit=size, cursor=asked.page_token or None)
