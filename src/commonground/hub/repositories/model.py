"""What a repository is."""

from typing import Any, Literal

import msgspec

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
