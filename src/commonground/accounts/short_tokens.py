"""Signed tokens that stand, for a while, for who asked for them: what token services of other protocols hand out."""

from typing import Any

from commonground.accounts import queries
from commonground.accounts.model import ANONYMOUS, Principal
from commonground.accounts.service import Accounts
from commonground.accounts.signing import Signer
from commonground.database import Database
from commonground.errors import InvalidCredentials


class ShortTokens:
    """Issues tokens and finds who one stands for: an access token, with which it ends, or an account whose password was
    given. Tokens of one ``purpose`` (a protocol) are worthless for another.
    """

    def __init__(self, database: Database, accounts: Accounts, signer: Signer) -> None:
        self._database, self._accounts, self._signer = database, accounts, signer

    def issue(self, principal: Principal, purpose: str, seconds: int) -> str:
        """A token that may do what the principal may; anonymous ones have theirs, too."""
        payload: dict[str, Any] = {"account": principal.account_id}
        if principal.token_id is not None:
            payload["token"] = principal.token_id
        return self._signer.sign(purpose, payload, seconds)

    async def find(self, text: str, purpose: str) -> Principal:
        """Who the token stands for; :class:`InvalidCredentials` when it is no such token, has expired, its access token
        was revoked, or its account disabled.
        """
        payload = self._signer.verify(purpose, text)
        account_id = payload["account"]
        if account_id is None:
            return ANONYMOUS
        if "token" not in payload:
            return await self._accounts.of_account(account_id)
        rows = await self._database.lookup(queries.rows_by_token, payload["token"])
        found = self._accounts.of_token([row for row in rows if row.id == account_id])
        if found is None:
            raise InvalidCredentials
        return found
