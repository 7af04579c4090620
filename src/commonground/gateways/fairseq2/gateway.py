"""The route for fairseq2: the asset cards of the models the caller may read."""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest, CommongroundError
from commonground.gateways.fairseq2.snippets import snippets
from commonground.gateways.fairseq2.wire import (
    MEDIA_TYPE,
    SECTION,
    Section,
    encode_document,
    encode_remark,
    read_section,
    write_card,
)
from commonground.http.addresses import next_link
from commonground.http.gateway import Snippet, Use
from commonground.http.identity import principal, public_origin
from commonground.http.parameters import read_query
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.search.model import SearchQuery
from commonground.services import Services

PAGE = 100
"""Most repositories whose cards are in one answer."""
WEEK = 604_800


class CardsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which cards to make."""

    owner: Annotated[str, Meta(max_length=64, description="Only models of this account, also under known names.")] = ""
    seconds: Annotated[int, Meta(ge=1, le=WEEK, description="How long addresses of private models shall last.")] = 3600
    cursor: Annotated[str | None, Meta(description="From the header Link of the page before.")] = None


class Fairseq2Gateway:
    """Answers ``commonground fairseq2 install-cards``, and whoever puts the cards into fairseq2's folder otherwise."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """The one endpoint."""
        return [
            Route(
                method="GET",
                template="/api/fairseq2/cards.yaml",
                handler=self.cards,
                summary="Asset cards of fairseq2 models",
                tag="fairseq2",
                query=CardsQuery,
                result=str,
                media_type=MEDIA_TYPE,
                errors=(BadRequest,),
            )
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to load a model by its card."""
        return snippets(use)

    async def cards(self, request: Request) -> Response:
        """A YAML stream: a card ``owner/name`` for every model, pinned to its commit. With ``owner``, a model that says
        which known one it is gets a second card ``known@user``, which fairseq2 takes in place of its own.
        """
        caller = await principal(request, self._services.accounts)
        query = read_query(request, CardsQuery)
        asked = SearchQuery(
            kind="model", filters=(SECTION,), author=query.owner, sort="createdAt", limit=PAGE, cursor=query.cursor
        )
        page = await self._services.repositories.list(caller, asked)
        maker = _Maker(self._services, caller, public_origin(request, self._services.settings), query)
        body = b"".join([part async for part in maker.documents(page.items)])
        return Response(body, media_type=MEDIA_TYPE, headers=next_link(request, page.cursor))


class _Maker:
    """Makes the cards of one answer."""

    def __init__(self, services: Services, caller: Principal, origin: str, query: CardsQuery) -> None:
        self._services, self._caller, self._origin, self._query = services, caller, origin, query
        self._taken: set[str] = set()

    async def documents(self, repositories: Iterable[Repository]) -> AsyncIterator[bytes]:
        """Cards, and remarks about repositories that give none."""
        for listed in repositories:
            repository = await self._readable(listed)
            if repository is None or repository.head is None:
                continue
            try:
                section = read_section(repository.card)
            except BadRequest as error:
                yield encode_remark(f"{repository.full_name}: {error}")
                continue
            for card in await self._cards(repository, repository.head, section):
                yield encode_document(card)

    async def _cards(self, repository: Repository, commit: str, section: Section) -> list[dict[str, object]]:
        token = await self._token(repository)

        def address(path: str) -> str:
            return f"{self._origin}/{repository.full_name}/resolve/{commit}/{quote(path)}{token}"

        names = [repository.full_name]
        if self._query.owner and section.name and section.name not in self._taken:
            self._taken.add(section.name)
            names.append(f"{section.name}@user")
        return [write_card(name, section, address) for name in names]

    async def _readable(self, repository: Repository) -> Repository | None:
        """The repository as it is now, if the caller may read its files."""
        services = self._services
        try:
            found = await services.repositories.open(
                self._caller, "model", repository.owner, repository.name, Action.READ
            )
            await services.repositories.check_files(self._caller, found)
        except CommongroundError as error:
            if error.status >= 500:
                raise
            return None
        return found

    async def _token(self, repository: Repository) -> str:
        """fairseq2 sends no credentials: what not everybody may read is addressed by a link."""
        if repository.visibility == "public" and not repository.gated:
            return ""
        target = f"{repository.kind}:{repository.full_name}"
        return f"?token={await self._services.accounts.sign_link(self._caller, target, self._query.seconds)}"
