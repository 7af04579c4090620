"""The protocol's own types: request bodies, and the small encodings all answers share."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from commonground.accounts.model import SEGMENTS, RepositoryKind, Visibility
from commonground.hub.repositories.model import Repository


class CreateRepository(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST /api/repos/create``. Options of spaces are kept with the repository."""

    name: str
    organization: str | None = None
    type: RepositoryKind | None = None
    visibility: Visibility | None = None
    private: bool | None = None
    sdk: str | None = None
    template: str | None = None
    hardware: str | None = None
    sleep_time_seconds: int | None = None
    variables: list[Any] | None = None
    volumes: list[Any] | None = None
    region: str | None = None


class DeleteRepository(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``DELETE /api/repos/delete``."""

    name: str
    organization: str | None = None
    type: RepositoryKind | None = None


class MoveRepository(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST /api/repos/move``."""

    from_repo: str
    to_repo: str
    type: RepositoryKind = "model"


class RepositorySettings(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``PUT .../settings``."""

    gated: Literal["auto", "manual", False] | None = None
    visibility: Visibility | None = None
    private: bool | None = None


class DuplicateRepository(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST .../duplicate``."""

    repository: str
    visibility: Visibility | None = None
    private: bool | None = None


class CreateBranch(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST .../branch/{name}``."""

    starting_point: str | None = None
    empty_branch: bool = False
    overwrite: bool = False


class CreateTag(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST .../tag/{revision}``."""

    tag: str
    message: str | None = None


class Squash(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST .../super-squash/{branch}``."""

    message: str | None = None


class Card(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST /api/validate-yaml``."""

    content: str
    repo_type: RepositoryKind = "model"


class UploadCandidate(msgspec.Struct, kw_only=True, rename="camel"):
    """A file a client means to upload; ``sample`` is its beginning, in base64."""

    path: str
    size: int
    sample: bytes = b""


class Preupload(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST .../preupload/{revision}``."""

    files: list[UploadCandidate]
    git_ignore: str | None = None
    git_attributes: str | None = None


class Deletions(msgspec.Struct, kw_only=True, rename="camel"):
    """Which LFS contents to delete."""

    sha: list[str]
    rewrite_history: bool = True


class DeleteContents(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST .../lfs-files/batch``."""

    deletions: Deletions


class CopyTarget(msgspec.Struct, kw_only=True, rename="camel"):
    """The repository that receives copies."""

    name: str
    type: RepositoryKind = "model"


class CopiedFile(msgspec.Struct, kw_only=True, rename="camel"):
    """One content to copy."""

    sha256: str
    filename: str = ""
    xet_hash: str | None = None


class CopyContents(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST .../lfs-files/duplicate``."""

    target: CopyTarget
    files: list[CopiedFile]


def visibility_of(visibility: Visibility | None, private: bool | None) -> Visibility | None:
    """What a body asks for; older clients send ``private``."""
    if visibility is not None or private is None:
        return visibility
    return "private" if private else "public"


def moment(milliseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    date = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def page_path(kind: RepositoryKind, full_name: str) -> str:
    """The path of a repository's page: models have no prefix."""
    return f"/{full_name}" if kind == "model" else f"/{SEGMENTS[kind]}/{full_name}"


def api_path(repository: Repository) -> str:
    """The path of a repository in the API."""
    return f"/api/{SEGMENTS[repository.kind]}/{repository.full_name}"
