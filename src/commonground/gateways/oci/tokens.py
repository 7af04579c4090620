"""The token service: credentials for a signed token that lives for as long as one pull or push may take."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Credentials, Principal
from commonground.accounts.short_tokens import ShortTokens
from commonground.errors import BadRequest, InvalidCredentials
from commonground.http.bodies import read_body
from commonground.http.identity import client_address, credentials, principal
from commonground.http.responses import json_response
from commonground.services import Services

PURPOSE = "oci"
FORM_LIMIT = 16_384


class Tokens:
    """Answers who asks for a token, and knows who comes with one."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tokens = ShortTokens(services.database, services.accounts, services.signer)

    async def answer(self, request: Request) -> Response:
        """``GET`` or ``POST /v2/token`` (the token flow of Docker and its OAuth 2 form)."""
        given = await self._form(request) if request.method == "POST" else None
        if given is None or "authorization" in request.headers:
            given = credentials(request) if "authorization" in request.headers else Credentials()
        address = client_address(request, self._services.settings)
        caller = await self._services.accounts.authenticate(given, address)
        seconds = self._services.settings.token_seconds
        token = self._tokens.issue(caller, PURPOSE, seconds)
        return json_response({"token": token, "access_token": token, "expires_in": seconds})

    async def caller(self, request: Request) -> Principal:
        """Who sends a request: with a token from here, or with what every other part of the server takes, too."""
        given = credentials(request)
        if given.kind == "bearer" and "." in given.secret:
            try:
                return await self._tokens.find(given.secret, PURPOSE)
            except InvalidCredentials:
                pass  # it may be an access token
        return await principal(request, self._services.accounts)

    async def _form(self, request: Request) -> Credentials:
        try:
            form = dict(parse_qsl((await read_body(request, FORM_LIMIT)).decode(), errors="strict", max_num_fields=20))
        except ValueError:
            raise BadRequest(reason="the form cannot be read") from None
        match form.get("grant_type"):
            case "password":
                return Credentials("basic", form.get("username", ""), form.get("password", ""))
            case "refresh_token":
                return Credentials("bearer", secret=form.get("refresh_token", ""))
        raise BadRequest(reason="grant_type is password or refresh_token")
