"""What a repository is."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import RepositoryKind, Visibility

KINDS: tuple[RepositoryKind, ...] = ("model", "dataset", "space", "kernel")


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository as stored. Times are UTC milliseconds, ``used_storage`` is in bytes, ``head`` 40 hex digits."""

    id: int
    kind: RepositoryKind
    owner_id: int
    owner: str
    name: str
    visibility: Visibility
    gated: Literal["", "auto", "manual"] = ""
    disabled_reason: str | None = None
    default_branch: str = "main"
    options: dict[str, Any] = {}
    head: str | None = None
    card: dict[str, Any] = {}
    description: str = ""
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    pipeline_tag: str | None = None
    library_name: str | None = None
    license: str | None = None
    parameters: int | None = None
    weights: dict[str, Any] = {}
    used_storage: int = 0
    downloads: int = 0
    downloads_all_time: int = 0
    likes: int = 0
    trending: float = 0.0
    created_at: int = 0
    updated_at: int = 0

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"


class InitialCommit(Protocol):
    """Writes the first commit of a new repository inside the transaction that creates it. Implemented by revisions."""

    def __call__(
        self,
        connection: Connection,
        repository_id: int,
        author_name: str,
        author_email: str,
        files: Mapping[str, bytes],
        now: int,
    ) -> str:
        """The commit, 40 hex digits; it is the head of the default branch."""
        ...
