"""What a like is, from both ends."""

import msgspec

from commonground.accounts.model import RepositoryKind


class Like(msgspec.Struct, frozen=True, kw_only=True):
    """A repository somebody likes. ``repository`` is ``owner/name``, ``created_at`` UTC milliseconds."""

    kind: RepositoryKind
    repository: str
    created_at: int


class Liker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who likes a repository. ``account_id`` is a row id, ``created_at`` UTC milliseconds."""

    account_id: int
    name: str
    full_name: str
    created_at: int
