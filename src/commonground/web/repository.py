"""The first page of a repository: its card, and how to use it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.community.likes.service import Likes
from commonground.compute.runs.service import Runs
from commonground.errors import EntryNotFound, RevisionNotFound
from commonground.http import identity
from commonground.http.gateway import Gateway, Snippet, Use
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.service import Revisions
from commonground.web import highlight, markdown
from commonground.web.door import Door, templates
from commonground.web.links import revision_url
from commonground.web.runs_submit import TASKS
from commonground.web.site import Site

CARD = "README.md"
ROOT_LIMIT = 1000
"""Entries at the root that are looked at to tell what a repository is for."""


class RepositoryPages:
    """``/{owner}/{name}``, and the same under ``/datasets``, ``/spaces`` and ``/kernels``."""

    def __init__(
        self, site: Site, door: Door, revisions: Revisions, likes: Likes, runs: Runs, gateways: Sequence[Gateway]
    ) -> None:
        self._site, self._door, self._revisions = site, door, revisions
        self._likes, self._runs, self._gateways = likes, runs, gateways

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [self._site.route("GET", template, self.show, "A repository: its card") for template in templates()]

    async def show(self, request: Request) -> Response:
        """The card, and beside it what to paste and what is known."""
        opened = await self._door.open(request, Action.READ_METADATA)
        repository = opened.repository
        found = await self._snippets(request, repository) if opened.readable else []
        shown = [(item, highlight.for_language(item.code, item.language)) for item in found]
        return await self._site.page(
            request,
            "repository/card.html",
            opened=opened,
            repository=repository,
            card=await self._card(repository),
            snippets=shown,
            facts=facts(repository),
            liked=await self._likes.likes_it(opened.principal, repository),
            trainable=opened.readable and self._runs.may_submit(opened.principal) and _is_trainable(repository),
        )

    async def _snippets(self, request: Request, repository: Repository) -> list[Snippet]:
        """What the gateways of this server say, in their order."""
        origin = identity.public_origin(request, self._site.settings)
        try:
            page = await self._revisions.tree(repository, repository.default_branch, limit=ROOT_LIMIT)
            paths = frozenset(entry.path for entry in page.items)
        except RevisionNotFound:
            paths = frozenset()
        use = Use(repository=repository, origin=origin, paths=paths)
        return [snippet for gateway in self._gateways for snippet in gateway.snippets(use)]

    async def _card(self, repository: Repository) -> Markup | None:
        try:
            _, entry = await self._revisions.entry(repository, repository.default_branch, CARD)
        except (EntryNotFound, RevisionNotFound):
            return None
        if entry.type != "file":
            return None
        content = await self._revisions.read(repository, entry, 0, min(entry.size, markdown.LIMIT))
        text = markdown.body(content.decode(errors="replace"))
        return await asyncio.to_thread(markdown.render, text, place(repository, repository.default_branch))


def _is_trainable(repository: Repository) -> bool:
    """Whether it may be a model that can be fine-tuned; its card does not have to say for what."""
    return repository.kind == "model" and (repository.pipeline_tag or TASKS[0]) in TASKS


def place(repository: Repository, revision: str, path: str = CARD) -> markdown.Place:
    """Where the links of a Markdown file of a repository lead."""
    folder = path.rpartition("/")[0]
    return markdown.Place(
        page=revision_url(repository, "blob", revision) + "/",
        file=revision_url(repository, "resolve", revision) + "/",
        folder=f"{folder}/" if folder else "",
    )


def facts(repository: Repository) -> dict[str, Any]:
    """What the right side shows: ``dtypes`` as pairs of name and number of parameters, plain ``tags``, and the ids of
    ``datasets`` and ``base_models``.
    """
    headers = [repository.weights.get(name) or {} for name in ("safetensors", "gguf", "onnx")]
    dtypes: dict[str, int] = next((header["parameters"] for header in headers if header.get("parameters")), {})
    return {
        "dtypes": sorted(dtypes.items(), key=lambda pair: -pair[1]),
        "tags": [tag for tag in repository.tags if ":" not in tag],
        "datasets": _ids(repository, "dataset"),
        "base_models": _ids(repository, "base_model"),
    }


def _ids(repository: Repository, prefix: str) -> list[str]:
    """Ids ``owner/name`` among the tags ``prefix:…``."""
    values = (tag.removeprefix(f"{prefix}:") for tag in repository.tags if tag.startswith(f"{prefix}:"))
    return [value for value in values if value.count("/") == 1 and ":" not in value]
