"""Tokens for transfer clients: who moves bytes, for which repository, and whether they may write."""

from typing import Any

import msgspec
from starlette.requests import Request

from commonground.accounts.signing import Signer
from commonground.errors import Forbidden, InvalidCredentials, Unauthenticated

XET = "xet"
"""Purpose of the tokens of the Xet protocol."""


class XetToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a Xet token says. ``account`` is ``None`` for a reader, ``repository`` for a token that opens
    no repository; both are row ids.
    """

    account: int | None
    repository: int | None
    write: bool

    @property
    def writer(self) -> int:
        """The account that uploads; :class:`Forbidden` for a token that only reads."""
        if not self.write or self.account is None:
            raise Forbidden(action="write with", resource="a token for reading")
        return self.account


def issue_xet(signer: Signer, account_id: int | None, repository_id: int | None, *, write: bool, seconds: int) -> str:
    """A token for the Xet protocol that is valid for ``seconds``."""
    payload: dict[str, Any] = {"account": account_id, "repository": repository_id, "write": write}
    return signer.sign(XET, payload, seconds)


def read_xet(signer: Signer, request: Request) -> XetToken:
    """The token of a request; :class:`Unauthenticated` without one, :class:`InvalidCredentials` for a wrong one."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if not text:
        raise Unauthenticated
    if scheme.lower() != "bearer":
        raise InvalidCredentials
    return msgspec.convert(signer.verify(XET, text.strip()), XetToken)
