"""Signing in, and who that is."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Credentials, Principal
from commonground.gateways.modelscope.context import TOKEN_COOKIE, Context, endpoint
from commonground.gateways.modelscope.envelope import answer, open_answer
from commonground.gateways.modelscope.wire import Login
from commonground.http.bodies import read_json
from commonground.http.identity import public_origin
from commonground.http.routing import Route

COOKIE_SECONDS = 30 * 86_400


class AccountRoutes:
    """Who is calling."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", "/api/v1/login", self.login, "Sign in with an access token", body=Login),
            endpoint("GET", "/openapi/v1/users/me", self.me, "Who is calling"),
        ]

    async def login(self, request: Request) -> Response:
        """Check a token and hand it back as the cookie from which the client reads it the next time. It is also what
        git takes for a password.
        """
        token = (await read_json(request, Login)).access_token
        caller = await self._context.accounts.authenticate(Credentials("bearer", secret=token))
        response = answer(request, {"AccessToken": token, "Username": caller.name, "Email": await self._email(caller)})
        secure = public_origin(request, self._context.services.settings).startswith("https:")
        response.set_cookie(
            TOKEN_COOKIE, token, COOKIE_SECONDS, path="/api/v1", secure=secure, httponly=True, samesite="strict"
        )
        return response

    async def me(self, request: Request) -> Response:
        """The account behind the token."""
        caller = await self._context.signed_in(request)
        profile = {"id": str(caller.account_id), "username": caller.name, "email": await self._email(caller)}
        return open_answer(request, profile)

    async def _email(self, caller: Principal) -> str:
        return (await self._context.accounts.by_id(caller.account_id or 0)).email
