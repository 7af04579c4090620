"""Who the caller is, and their access tokens."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import SCOPE_ACTIONS
from commonground.database.clock import now_ms
from commonground.errors import BadRequest, Forbidden, TokenNotFound
from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import Context, endpoint
from commonground.http.bodies import read_json
from commonground.http.identity import signed_in
from commonground.http.responses import json_response
from commonground.http.routing import Route


class AccountRoutes:
    """The caller's own account."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._accounts = context.services.accounts

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        tokens = f"{wire.API}/tokens"
        return [
            endpoint("GET", f"{wire.API}/whoami", self.whoami, "Who is calling",
                     result=wire.Identity, errors=errors.SIGNED_IN),
            endpoint("GET", tokens, self.list_tokens, "List access tokens",
                     result=list[wire.Token], errors=errors.SIGNED_IN),
            endpoint("POST", tokens, self.create_token, "Create an access token",
                     body=wire.CreateToken, result=wire.NewToken, status=201, errors=errors.SIGNED_IN),
            endpoint("DELETE", f"{tokens}/{{token}}", self.revoke_token, "Revoke an access token",
                     status=204, errors=(*errors.SIGNED_IN, TokenNotFound)),
            endpoint("POST", f"{wire.API}/me/access-keys", self.create_access_key, "Derive a key pair from your token",
                     body=wire.CreateAccessKey, result=wire.AccessKey, errors=errors.SIGNED_IN),
        ]  # fmt: skip

    async def whoami(self, request: Request) -> Response:
        """The caller's account, organisations and token."""
        caller = await signed_in(request, self._accounts)
        assert caller.account_id is not None
        assert caller.via != "anonymous"
        account = await self._accounts.by_id(caller.account_id)
        used = None if caller.token_id is None else await self._accounts.token(caller.token_id)
        organizations = await self._accounts.organizations_of(caller.account_id)
        return json_response(
            wire.Identity(
                name=account.name,
                full_name=account.full_name,
                email=account.email,
                is_admin=account.is_admin,
                via=caller.via,
                token=encoding.token(used) if used else None,
                organizations=[
                    wire.Membership(name=found.name, full_name=found.full_name, role=role)
                    for found, role in organizations
                ],
            )
        )

    async def list_tokens(self, request: Request) -> Response:
        """The caller's tokens, oldest first, without their texts."""
        account_id = await self._owner(request)
        return json_response([encoding.token(found) for found in await self._accounts.list_tokens(account_id)])

    async def create_token(self, request: Request) -> Response:
        """A new token for the caller; its text is in this answer and nowhere else."""
        account_id = await self._owner(request)
        body = await read_json(request, wire.CreateToken)
        if body.expires_at is not None and body.expires_at <= now_ms():
            raise BadRequest(reason="expires_at lies in the past")
        if body.scopes and body.role != "fine-grained":
            raise BadRequest(reason="only fine-grained tokens have scopes")
        unknown = [scope.permission for scope in body.scopes if scope.permission not in SCOPE_ACTIONS]
        if unknown:
            raise BadRequest(reason=f"there is no permission {unknown[0][:80]!r}")
        text = await self._accounts.create_token(
            account_id, name=body.name, role=body.role, scopes=body.scopes, expires_at=body.expires_at
        )
        return json_response(wire.NewToken(text=text), 201, {"Cache-Control": "no-store"})

    async def revoke_token(self, request: Request) -> Response:
        """Delete one of the caller's tokens: the next request that carries it is refused."""
        account_id = await self._owner(request)
        token = request.path_params["token"]
        if not token.isascii() or not token.isdigit() or len(token) > 18:
            raise TokenNotFound
        await self._accounts.revoke_token(account_id, int(token))
        return Response(status_code=204)

    async def create_access_key(self, request: Request) -> Response:
        """The key pair of the token this request carries, for protocols that sign requests; it ends with the token."""
        caller = await signed_in(request, self._accounts)
        body = await read_json(request, wire.CreateAccessKey)
        found = await self._context.services.access_keys.issue(caller, body.purpose)
        return json_response(wire.AccessKey(id=found.id, secret=found.secret), headers={"Cache-Control": "no-store"})

    async def _owner(self, request: Request) -> int:
        """The account whose tokens are meant. A token that may not write must not make itself a stronger one."""
        caller = await signed_in(request, self._accounts)
        if not _full(caller) or caller.account_id is None:
            raise Forbidden(action="manage", resource="access tokens")
        return caller.account_id


def _full(caller: Principal) -> bool:
    return caller.token_role in {None, "write"}
