"""The page of a user or an organisation."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Account, MemberRole
from commonground.accounts.service import Accounts
from commonground.http.routing import Route
from commonground.hub.repositories.model import KINDS
from commonground.hub.repositories.service import Repositories
from commonground.hub.search.model import SearchQuery
from commonground.web.site import Site

_SHOWN = 12


class ProfilePages:
    """``/{owner}``."""

    def __init__(self, site: Site, accounts: Accounts, repositories: Repositories) -> None:
        self._site, self._accounts, self._repositories = site, accounts, repositories

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [self._site.route("GET", "/{owner}", self.show, "A user or an organisation")]

    async def show(self, request: Request) -> Response:
        """Who it is, and what the visitor may see of their repositories."""
        principal = (await self._site.visit(request)).principal
        account = await self._accounts.find(request.path_params["owner"])
        sections = []
        for kind in KINDS:
            query = SearchQuery(kind=kind, author=account.name, sort="lastModified", limit=_SHOWN)
            page = await self._repositories.list(principal, query)
            sections.append((kind, page.items, page.cursor is not None))
        return await self._site.page(
            request, "profile.html", account=account, sections=sections, people=await self._people(account)
        )

    async def _people(self, account: Account) -> list[tuple[Account, MemberRole]]:
        if account.kind == "organization":
            return await self._accounts.members_of(account.id)
        return await self._accounts.organizations_of(account.id)
