"""Signed addresses: whoever holds one may do one thing with one object, for a while, without other credentials."""

from typing import Literal
from urllib.parse import quote

import msgspec
from starlette.requests import Request

from commonground.accounts.signing import Signer
from commonground.errors import Forbidden, InvalidCredentials, Unauthenticated

PURPOSE = "content"

Permission = Literal["upload", "part", "complete", "verify", "download"]


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What an address permits. ``account`` uploads or, ``None``, reads anonymously; ``part`` counts from 1."""

    permission: Permission
    account: int | None
    repository: int
    oid: str
    size: int
    part: int = 0

    @property
    def sha256(self) -> bytes:
        """The object's SHA-256, raw."""
        return bytes.fromhex(self.oid)

    @property
    def uploader(self) -> int:
        """The account that uploads."""
        if self.account is None:
            raise Unauthenticated
        return self.account


class Links:
    """Makes the addresses of one repository for one caller, below ``base``."""

    def __init__(self, signer: Signer, base: str, account: int | None, repository: int, seconds: int) -> None:
        self._signer, self._base, self._account, self._repository = signer, base, account, repository
        self.seconds = seconds

    def to(self, permission: Permission, oid: str, size: int, part: int = 0, seconds: int | None = None) -> str:
        """The absolute address for ``permission``."""
        grant = Grant(
            permission=permission, account=self._account, repository=self._repository, oid=oid, size=size, part=part
        )
        token = self._signer.sign(PURPOSE, msgspec.to_builtins(grant), seconds or self.seconds)
        tail = {"part": f"/parts/{part}", "complete": "/complete", "verify": "/verify"}.get(permission, "")
        return f"{self._base}/objects/{oid}{tail}?token={quote(token)}"


def read_grant(signer: Signer, request: Request, permission: Permission) -> Grant:
    """The grant of a signed address; :class:`Unauthenticated` without one, :class:`InvalidCredentials` or
    :class:`Forbidden` for one that is forged, expired or for something else.
    """
    token = request.query_params.get("token")
    if token is None:
        raise Unauthenticated
    try:
        grant = msgspec.convert(signer.verify(PURPOSE, token), Grant)
    except msgspec.ValidationError:
        raise InvalidCredentials from None
    params = request.path_params
    if grant.permission != permission or grant.oid != params["oid"] or str(grant.part) != params.get("part", "0"):
        raise Forbidden(action=permission, resource=params["oid"][:64])
    return grant
