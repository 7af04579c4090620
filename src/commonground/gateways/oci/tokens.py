"""The token service: credentials for a signed token that lives for as long as one pull or push may take."""

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts import queries
from commonground.accounts.model import ANONYMOUS, Credentials, Principal
from commonground.errors import BadRequest, InvalidCredentials
from commonground.http.bodies import read_body
from commonground.http.identity import client_address, credentials, principal
from commonground.http.responses import json_response
from commonground.services import Services

PURPOSE = "oci"
FORM_LIMIT = 16_384


class Tokens:
    """Issues tokens and finds who one stands for. A token stands for an access token, and ends with it, or for an
    account whose password was given.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def answer(self, request: Request) -> Response:
        """``GET`` or ``POST /v2/token`` (the token flow of Docker and its OAuth 2 form)."""
        given = await self._form(request) if request.method == "POST" else None
        if given is None or "authorization" in request.headers:
            given = credentials(request) if "authorization" in request.headers else Credentials()
        address = client_address(request, self._services.settings)
        caller = await self._services.accounts.authenticate(given, address)
        seconds = self._services.settings.token_seconds
        token = self._services.signer.sign(PURPOSE, _payload(caller), seconds)
        return json_response({"token": token, "access_token": token, "expires_in": seconds})

    async def caller(self, request: Request) -> Principal:
        """Who sends a request: with a token from here, or with what every other part of the server takes, too."""
        given = credentials(request)
        if given.kind == "bearer" and "." in given.secret:
            try:
                return await self._of(self._services.signer.verify(PURPOSE, given.secret))
            except InvalidCredentials:
                pass  # it may be an access token
        return await principal(request, self._services.accounts)

    async def _of(self, payload: dict[str, Any]) -> Principal:
        if token_id := payload.get("token"):
            rows = await self._services.database.lookup(queries.rows_by_token, token_id)
            found = self._services.accounts.of_token([row for row in rows if row.id == payload["account"]])
            if found is None:
                raise InvalidCredentials
            return found
        account_id = payload.get("account")
        return ANONYMOUS if account_id is None else await self._services.accounts.of_account(account_id)

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


def _payload(caller: Principal) -> dict[str, Any]:
    return {"account": caller.account_id} | ({"token": caller.token_id} if caller.token_id else {})
