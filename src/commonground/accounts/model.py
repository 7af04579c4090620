"""Who is calling, and the accounts behind it."""

from typing import Literal

import msgspec

MemberRole = Literal["admin", "write", "contributor", "read"]
TokenRole = Literal["read", "write", "fine-grained"]
Visibility = Literal["public", "private", "protected"]
RepositoryKind = Literal["model", "dataset", "space", "kernel"]

SEGMENTS: dict[RepositoryKind, str] = {
    "model": "models",
    "dataset": "datasets",
    "space": "spaces",
    "kernel": "kernels",
}
"""How a kind is written in paths and addresses."""

KINDS_BY_SEGMENT = {segment: kind for kind, segment in SEGMENTS.items()}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user or an organisation. ``created_at`` and ``disabled_at`` are UTC milliseconds."""

    id: int
    kind: Literal["user", "organization"]
    name: str
    full_name: str = ""
    email: str = ""
    is_admin: bool = False
    default_visibility: Visibility = "public"
    locale: str | None = None
    created_at: int = 0
    disabled_at: int | None = None


class Scope(msgspec.Struct, frozen=True):
    """What a fine-grained token may do: ``"repo.read"``, ``"repo.write"``... on ``target``.

    ``target`` is ``"*"``, ``"owner"``, or ``"kind:owner/name"``.
    """

    permission: str
    target: str = "*"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of a request: anonymous (``account_id is None``), or an account through a token or session."""

    account_id: int | None = None
    name: str = ""
    is_admin: bool = False
    via: Literal["anonymous", "token", "session", "password", "link", "internal"] = "anonymous"
    token_id: int | None = None
    token_role: TokenRole | None = None
    scopes: tuple[Scope, ...] = ()
    memberships: dict[int, MemberRole] = {}  # organisation id -> role

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is signed in."""
        return self.account_id is None

    @property
    def uploader(self) -> int | None:
        """Whose uploads count as the caller's: the account's; through a fine-grained token those of that token alone (its
        id, negated), because a hash must not open to it what the account holds elsewhere.
        """
        if self.token_role != "fine-grained":
            return self.account_id
        return None if self.token_id is None else -self.token_id


ANONYMOUS = Principal()


class Credentials(msgspec.Struct, frozen=True):
    """What a request carries to say who is calling."""

    kind: Literal["none", "bearer", "basic", "session", "link"] = "none"
    user: str = ""
    secret: str = ""


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A token as lists show it: never its text."""

    id: int
    account_id: int
    name: str
    preview: str
    role: TokenRole
    scopes: tuple[Scope, ...] = ()
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None
