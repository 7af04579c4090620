"""Who am I, and may I."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Account, MemberRole, Principal, TokenInfo
from commonground.accounts.permissions import Action
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint
from commonground.gateways.huggingface.wire import moment
from commonground.http.identity import signed_in
from commonground.http.responses import json_response
from commonground.http.routing import Route

_ROLES = {"read": "read", "write": "write", "fine-grained": "fineGrained"}


class IdentityRoutes:
    """``whoami`` and the checks of access."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", "/api/whoami-v2", self.whoami, "The caller, their organisations and their token"),
            endpoint("GET", f"{REPOSITORY}/auth-check", self.may_read, "Whether the caller may read the files"),
            endpoint("GET", f"{REPOSITORY}/auth-check/write", self.may_write, "Whether the caller may write"),
        ]

    async def whoami(self, request: Request) -> Response:
        """The caller; 401 without credentials."""
        caller = await signed_in(request, self._context.accounts)
        assert caller.account_id is not None
        account = await self._context.accounts.by_id(caller.account_id)
        organizations = await self._context.accounts.organizations_of(caller.account_id)
        return json_response(
            {
                "type": "user",
                "id": f"{account.id:024x}",
                "name": account.name,
                "fullname": account.full_name or account.name,
                "email": account.email or None,
                "emailVerified": bool(account.email),
                "isPro": False,
                "canPay": False,
                "avatarUrl": "",
                "orgs": [_organization(organization, role) for organization, role in organizations],
                "auth": await self._auth(caller),
            }
        )

    async def _auth(self, caller: Principal) -> dict[str, object]:
        if caller.token_id is None:
            return {"type": caller.via}
        return {"type": "access_token", "accessToken": _token(await self._context.accounts.token(caller.token_id))}

    async def may_read(self, request: Request) -> Response:
        """200, or the error a download would meet."""
        caller, repository = await self._context.opened(request)
        await self._context.repositories.check_files(caller, repository)
        return Response(status_code=200)

    async def may_write(self, request: Request) -> Response:
        """200, or the error a commit would meet."""
        await self._context.repository(request, Action.WRITE)
        return Response(status_code=200)


def _organization(account: Account, role: MemberRole) -> dict[str, object]:
    return {
        "type": "org",
        "id": f"{account.id:024x}",
        "name": account.name,
        "fullname": account.full_name or account.name,
        "email": account.email or None,
        "canPay": False,
        "isEnterprise": False,
        "avatarUrl": "",
        "roleInOrg": role,
    }


def _token(token: TokenInfo) -> dict[str, object]:
    item: dict[str, object] = {
        "displayName": token.name,
        "role": _ROLES[token.role],
        "createdAt": moment(token.created_at),
    }
    if token.role == "fine-grained":
        item["fineGrained"] = {
            "canReadGatedRepos": True,
            "global": [scope.permission for scope in token.scopes if scope.target == "*"],
            "scoped": [
                {"entity": {"name": scope.target}, "permissions": [scope.permission]}
                for scope in token.scopes
                if scope.target != "*"
            ],
        }
    return item
