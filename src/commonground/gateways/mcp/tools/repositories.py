"""Finding repositories and reading what is known about one."""

from typing import Annotated, Any

import msgspec

from commonground.accounts.model import SEGMENTS, RepositoryKind
from commonground.accounts.permissions import Action
from commonground.errors import CommongroundError
from commonground.gateways.mcp.addresses import uri_of
from commonground.gateways.mcp.tools.model import Caller, Count, InRepository, Name, Tool, says
from commonground.hub.repositories.model import Repository
from commonground.hub.search.model import SearchQuery, Sort

TAGS = 40
REFS = 100
Tags = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=300)], ...], msgspec.Meta(max_length=20)]
Word = Annotated[str, msgspec.Meta(max_length=300)]


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All conditions hold together."""

    query: Annotated[Word, says("words of names, tags, descriptions and cards, in any language")] = ""
    kind: Annotated[RepositoryKind | None, says("what the repositories hold; default: anything")] = None
    owner: Annotated[Word, says("user or organisation")] = ""
    tags: Annotated[Tags, says("tags as repositories show them, such as license:mit or base_model:owner/name")] = ()
    task: Annotated[Word, says("what a model does, such as text-classification")] = ""
    library: Annotated[Word, says("such as transformers")] = ""
    license: Annotated[Word, says("such as apache-2.0")] = ""
    languages: Annotated[Tags, says("language codes such as en, zh")] = ()
    min_parameters: Annotated[Count | None, says("smallest number of parameters")] = None
    max_parameters: Annotated[Count | None, says("largest number of parameters")] = None
    sort: Annotated[Sort, says("what comes first")] = "relevance"
    limit: Annotated[int, says("most results", ge=1, le=50)] = 10
    cursor: Annotated[Name | None, says("where the page before ended")] = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A repository in a list. Times are UTC milliseconds."""

    repository: str
    kind: RepositoryKind
    uri: Annotated[str, says("resource of its card")]
    url: Annotated[str, says("its page")]
    description: str
    task: str | None
    library: str | None
    license: str | None
    parameters: int | None
    tags: tuple[str, ...]
    downloads: Annotated[int, says("in the last 30 days")]
    likes: int
    gated: bool
    updated_at: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of results."""

    repositories: list[Summary]
    cursor: Annotated[str | None, says("continues the list; null on the last page")]


class Information(Summary, frozen=True, kw_only=True):
    """Everything the hub knows about a repository, beside its files."""

    visibility: str
    default_branch: str
    head: Annotated[str | None, says("commit of the default branch")]
    branches: tuple[str, ...]
    tagged: Annotated[tuple[str, ...], says("names of git tags")]
    used_storage: Annotated[int, says("bytes")]
    created_at: int
    card: Annotated[dict[str, Any], says("the metadata of the card")]
    weights: Annotated[dict[str, Any], says("what the headers of weight files say")]


def tools() -> list[Tool]:
    """The tools of this theme."""
    return [
        Tool(
            name="search_repositories",
            title="Search models and data sets",
            description="Find repositories (models, data sets, spaces) by words, task, licence, library, size or tag.",
            takes=Search,
            gives=Found,
            call=search,
        ),
        Tool(
            name="repository_info",
            title="Describe a repository",
            description="What the hub knows about one repository: card metadata, size, parameters, branches and tags.",
            takes=InRepository,
            gives=Information,
            call=describe,
        ),
    ]


async def search(caller: Caller, asked: Search) -> Found:
    """A page of the repositories the caller may know of."""
    query = SearchQuery(
        kind=asked.kind,
        text=asked.query,
        author=asked.owner,
        filters=asked.tags,
        pipeline_tag=asked.task,
        library=asked.library,
        license=asked.license,
        languages=asked.languages,
        min_parameters=asked.min_parameters,
        max_parameters=asked.max_parameters,
        sort=asked.sort if asked.query.strip() or asked.sort != "relevance" else "trendingScore",
        limit=asked.limit,
        cursor=asked.cursor,
    )
    page = await caller.services.repositories.list(caller.principal, query)
    return Found(repositories=[Summary(**summary(caller, item)) for item in page.items], cursor=page.cursor)


async def describe(caller: Caller, asked: InRepository) -> Information:
    """One repository; names of branches and tags only for those who may read its files."""
    found = await caller.open(asked, Action.READ_METADATA)
    names = await _refs(caller, asked)
    return Information(
        **summary(caller, found),
        visibility=found.visibility,
        default_branch=found.default_branch,
        head=found.head,
        branches=_below("refs/heads/", names),
        tagged=_below("refs/tags/", names),
        used_storage=found.used_storage,
        created_at=found.created_at,
        card=found.card,
        weights=found.weights,
    )


def summary(caller: Caller, found: Repository) -> dict[str, Any]:
    """The fields of :class:`Summary`."""
    prefix = "" if found.kind == "model" else f"{SEGMENTS[found.kind]}/"
    same = ("kind", "description", "license", "parameters", "downloads", "likes", "updated_at")
    return {
        **{name: getattr(found, name) for name in same},
        "repository": found.full_name,
        "uri": uri_of(found),
        "url": f"{caller.origin}/{prefix}{found.full_name}",
        "task": found.pipeline_tag,
        "library": found.library_name,
        "tags": found.tags[:TAGS],
        "gated": bool(found.gated),
    }


async def _refs(caller: Caller, asked: InRepository) -> list[str]:
    try:
        found = await caller.open(asked)
    except CommongroundError as error:
        if error.status >= 500:
            raise
        return []  # a protected repository: its files are not for everyone
    return [ref.name for ref in await caller.services.revisions.refs(found)]


def _below(prefix: str, names: list[str]) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))[:REFS]
