"""What clients send, and how the protocol writes visibilities and times."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from commonground.accounts.model import Visibility
from commonground.errors import BadRequest

PRIVATE, INTERNAL, PUBLIC = 1, 3, 5
VISIBILITIES: dict[int, Visibility] = {PRIVATE: "private", INTERNAL: "protected", PUBLIC: "public"}
LEVELS = {name: level for level, name in VISIBILITIES.items()}
"""Internal repositories, whose files strangers cannot read, come closest to protected ones."""

OBJECTS_LIMIT = 1000
ACTIONS_LIMIT = 2000
PAGED_LIMIT = 3000
"""Most entries a listing without pages has, and most results a search can be paged through."""

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(ge=0, lt=2**50)]
Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=1000)]
GATED = 1


class Login(msgspec.Struct, rename="pascal"):
    """Body of ``POST /login``."""

    access_token: str


class CreateRepository(msgspec.Struct, rename="pascal"):
    """Body of ``POST /models`` (JSON) and ``POST /datasets`` (a form). ``path`` and ``owner`` both name the owner."""

    name: str
    path: str = ""
    owner: str = ""
    visibility: Literal[1, 3, 5] = 5
    protected_mode: int | None = None
    license: str = ""
    chinese_name: str = ""
    description: str = ""


class CreateTag(msgspec.Struct, rename="pascal"):
    """Body of ``POST /repo/tag``."""

    tag_name: str
    ref: str = ""


class BatchObject(msgspec.Struct):
    """Content that is to be sent."""

    oid: Sha256
    size: Size


class Batch(msgspec.Struct):
    """Body of ``objects/batch``."""

    objects: Annotated[list[BatchObject], msgspec.Meta(max_length=OBJECTS_LIMIT)]
    operation: Literal["upload"] = "upload"


class CommitAction(msgspec.Struct):
    """One change of a commit: ``content`` of a ``normal`` file, or ``sha256`` and ``size`` of an ``lfs`` one."""

    action: Literal["create", "update", "delete"]
    path: str
    type: Literal["normal", "lfs"] = "normal"
    size: Size = 0
    sha256: str = ""
    content: str = ""
    encoding: Literal["", "text", "utf-8", "base64"] = ""


class Commit(msgspec.Struct):
    """Body of ``commit/{revision}``."""

    actions: Annotated[list[CommitAction], msgspec.Meta(max_length=ACTIONS_LIMIT)]
    commit_message: str = ""


class FilesQuery(msgspec.Struct, rename="pascal"):
    """What a listing of files asks for; without ``page_number`` it is one listing."""

    revision: str = ""
    root: str = ""
    recursive: str = ""
    page_number: Number = 1
    page_size: PageSize | None = None


class FileQuery(msgspec.Struct, rename="pascal"):
    """Which file."""

    file_path: str = ""
    revision: str = ""


class DatasetsQuery(msgspec.Struct, rename="pascal"):
    """Which data sets ``/api/v1`` shall list."""

    owner: str = msgspec.field(name="owner", default="")
    page_number: Number = 1
    page_size: PageSize = 50


class SearchQuery(msgspec.Struct):
    """Which repositories ``/openapi/v1`` shall list."""

    search: str = ""
    owner: str = ""
    sort: Literal["", "default", "downloads", "likes", "last_modified"] = ""
    page_number: Number = 1
    page_size: PageSize = 10
    task: str = msgspec.field(name="filter.task", default="")
    library: str = msgspec.field(name="filter.library", default="")
    license: str = msgspec.field(name="filter.license", default="")
    custom_tag: str = msgspec.field(name="filter.custom_tag", default="")


def is_true(text: str) -> bool:
    """Whether a flag of a query says yes: Python's clients write ``True``."""
    return text.lower() in {"true", "1"}


def required(value: str, name: str) -> str:
    """``value``, or :class:`BadRequest` where the parameter ``name`` is missing."""
    if not value:
        raise BadRequest(reason=f"{name} is missing")
    return value


def moment(milliseconds: int) -> str:
    """ISO 8601 in UTC with seconds."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
