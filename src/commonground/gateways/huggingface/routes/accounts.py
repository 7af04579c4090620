"""Public pages of users and organisations, and the storage their repositories use."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Account
from commonground.errors import AccountNotFound
from commonground.gateways.huggingface.context import Context, endpoint
from commonground.gateways.huggingface.wire import moment
from commonground.http.responses import json_response
from commonground.http.routing import Route


class AccountRoutes:
    """Who is behind a name."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        user, organization = "/api/users/{account}", "/api/organizations/{account}"
        return [
            endpoint("GET", f"{user}/overview", self.user, "A user"),
            endpoint("GET", f"{organization}/overview", self.organization, "An organisation"),
            endpoint("GET", f"{organization}/members", self.members, "The members of an organisation"),
        ]

    async def user(self, request: Request) -> Response:
        """A user and the organisations they belong to."""
        account = await find_account(self._context, request, "user")
        organizations = await self._context.accounts.organizations_of(account.id)
        return json_response({**_user(account), "orgs": [_organization(found) for found, _ in organizations]})

    async def organization(self, request: Request) -> Response:
        """An organisation."""
        account = await find_account(self._context, request, "organization")
        members = await self._context.accounts.members_of(account.id)
        return json_response({**_organization(account), "numUsers": len(members)})

    async def members(self, request: Request) -> Response:
        """The members of an organisation with their roles."""
        account = await find_account(self._context, request, "organization")
        members = await self._context.accounts.members_of(account.id)
        return json_response([{**_user(found), "role": role} for found, role in members])


async def find_account(context: Context, request: Request, kind: str) -> Account:
    """The user or organisation the path names; :class:`AccountNotFound` also for one that is disabled."""
    await context.caller(request)
    name = request.path_params["account"]
    account = await context.accounts.find(name)
    if account.kind != kind or account.disabled_at is not None:
        raise AccountNotFound(name=name[:80])
    return account


def _user(account: Account) -> dict[str, Any]:
    return {
        "_id": f"{account.id:024x}",
        "user": account.name,
        "fullname": account.full_name or account.name,
        "avatarUrl": "",
        "type": "user",
        "isPro": False,
        "createdAt": moment(account.created_at),
    }


def _organization(account: Account) -> dict[str, Any]:
    return {
        "_id": f"{account.id:024x}",
        "name": account.name,
        "fullname": account.full_name or account.name,
        "avatarUrl": "",
        "type": "org",
        "isEnterprise": False,
        "createdAt": moment(account.created_at),
    }
