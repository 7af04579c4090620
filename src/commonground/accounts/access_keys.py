"""Key pairs for protocols that sign requests with a shared secret (SigV4 and its kin) instead of sending a token.

A pair belongs to one access token and is derived from it and the master key: nothing new is stored, and what ends the
token ends the pair. Whoever holds the pair may do what the token may.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

import msgspec

from commonground.accounts import queries
from commonground.accounts.model import Principal
from commonground.accounts.service import Accounts
from commonground.accounts.signing import Signer
from commonground.database import Database
from commonground.errors import Forbidden, InvalidCredentials

PREFIX = "CGAK"
_ID_BYTES, _TAG_BYTES, _SECRET_BYTES = 5, 5, 30
_LENGTH = len(PREFIX) + 2 * (_ID_BYTES + _TAG_BYTES)
_REMEMBERED = 4096


class AccessKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair: ``id`` (24 capital letters and digits) travels with a request, ``secret`` (40 characters) signs it."""

    id: str
    secret: str


class AccessKeys:
    """Issues key pairs and finds who one stands for. Pairs of one ``purpose`` (a protocol) are worthless for another."""

    def __init__(self, database: Database, accounts: Accounts, signer: Signer) -> None:
        self._database, self._accounts, self._signer = database, accounts, signer

    async def issue(self, principal: Principal, purpose: str) -> AccessKey:
        """The pair of the token the caller came with, always the same; :class:`Forbidden` for who came without one."""
        token_id = principal.token_id
        rows = [] if token_id is None else await self._database.lookup(queries.rows_by_token, token_id)
        if token_id is None or not rows:
            raise Forbidden(action="derive an access key from", resource="anything but an access token")
        return self._pair(purpose, token_id, rows[0].digest)

    async def find(self, key_id: str, purpose: str) -> tuple[Principal, str]:
        """Who the pair with this id stands for, and its secret. :class:`InvalidCredentials` when it was never issued,
        its token is revoked or expired, or its account disabled.
        """
        token_id = _token_id(key_id)
        rows = [] if token_id is None else await self._database.lookup(queries.rows_by_token, token_id)
        if token_id is None or not rows:
            raise InvalidCredentials
        pair = self._pair(purpose, token_id, rows[0].digest)
        principal = self._accounts.of_token(rows) if hmac.compare_digest(pair.id, key_id) else None
        if principal is None:
            raise InvalidCredentials
        return principal, pair.secret

    def _pair(self, purpose: str, token_id: int, digest: bytes) -> AccessKey:
        return _derive(self._signer.derive(f"access-key:{purpose}"), token_id, digest)


@lru_cache(_REMEMBERED)
def _derive(key: bytes, token_id: int, digest: bytes) -> AccessKey:
    """The pair of a token. Its digest is part of it because row ids may be given out again."""
    identity = token_id.to_bytes(_ID_BYTES, "big")
    tag = hmac.digest(key, b"id" + identity + digest, "sha256")[:_TAG_BYTES]
    secret = hmac.digest(key, b"secret" + identity + digest, "sha256")[:_SECRET_BYTES]
    return AccessKey(id=PREFIX + (identity + tag).hex().upper(), secret=urlsafe_b64encode(secret).decode())


def _token_id(key_id: str) -> int | None:
    """The token an id claims to belong to; ``None`` for what is no id."""
    if len(key_id) != _LENGTH or not key_id.isascii() or not key_id.startswith(PREFIX):
        return None
    try:
        return int.from_bytes(bytes.fromhex(key_id.removeprefix(PREFIX))[:_ID_BYTES], "big")
    except ValueError:
        return None
