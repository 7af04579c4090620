"""The types of /api/cg/v1, on both ends of the line: the gateway encodes them, the SDK decodes them.

Times are UTC milliseconds, sizes bytes, git ids 40 hex digits, SHA-256 and Xet hashes 64.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from commonground.accounts.model import MemberRole, RepositoryKind, Scope, TokenRole, Visibility

T = TypeVar("T")

API = "/api/cg/v1"
MOST = 2**63 - 1
"""The largest number the database takes."""

Gated = Literal["", "auto", "manual"]
Sort = Literal["createdAt", "downloads", "lastModified", "likes", "trendingScore", "relevance"]
Name = Annotated[str, Meta(min_length=1, max_length=96, description="Name of a repository.")]
Owner = Annotated[str, Meta(min_length=1, max_length=64, description="Name of a user or organisation.")]
Title = Annotated[str, Meta(min_length=1, max_length=1000, description="First line of the commit message.")]
Description = Annotated[str, Meta(max_length=65_536, description="The commit message below its title.")]
Parent = Annotated[str, Meta(description="Refuse the commit unless the branch is at this commit.")]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list; ``next`` is the ``cursor`` of the next part, ``null`` on the last."""

    items: list[T]
    next: str | None = None


# --- repositories ---------------------------------------------------------------------------------------------------


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository in a list. ``id`` is ``owner/name``, ``head`` the commit of the default branch."""

    kind: RepositoryKind
    id: str
    owner: str
    name: str
    visibility: Visibility
    gated: Gated = ""
    disabled: bool = False
    default_branch: str = "main"
    head: str | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    pipeline_tag: str | None = None
    library: str | None = None
    license: str | None = None
    parameters: int | None = None
    used_storage: int = 0
    downloads: int = 0
    downloads_all_time: int = 0
    likes: int = 0
    created_at: int = 0
    updated_at: int = 0


class RepositoryDetails(Repository, frozen=True, kw_only=True):
    """A repository on its own: with its card, what its weights say, and its options."""

    card: dict[str, Any] = {}
    weights: dict[str, Any] = {}
    options: dict[str, Any] = {}


class RepositoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What repositories to list; all conditions hold together."""

    kind: Annotated[RepositoryKind | None, Meta(description="Only this kind.")] = None
    text: Annotated[str, Meta(max_length=1000, description="Words of the name, the tags or the card.")] = ""
    owner: Annotated[str, Meta(max_length=64, description="Only those of this account.")] = ""
    tag: Annotated[tuple[str, ...], Meta(description="Tags they all have; may be repeated.")] = ()
    pipeline_tag: Annotated[str, Meta(description="Task.")] = ""
    library: Annotated[str, Meta(description="Library.")] = ""
    license: Annotated[str, Meta(description="Licence.")] = ""
    language: Annotated[tuple[str, ...], Meta(description="Languages; may be repeated.")] = ()
    gated: Annotated[bool | None, Meta(description="Whether access has to be asked for.")] = None
    min_parameters: Annotated[int, Meta(ge=0, le=MOST, description="Least number of weights.")] | None = None
    max_parameters: Annotated[int, Meta(ge=0, le=MOST, description="Largest number of weights.")] | None = None
    sort: Annotated[Sort, Meta(description="Order.")] = "trendingScore"
    descending: Annotated[bool, Meta(description="Largest first.")] = True
    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 30
    cursor: Annotated[str | None, Meta(description="`next` of the page before.")] = None


class CreateLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a link shall open a repository: an hour unless said otherwise, a week at most."""

    seconds: Annotated[int, Meta(ge=1, le=604_800, description="How long it shall last.")] = 3600


class Link(msgspec.Struct, frozen=True):
    """The ``token`` reads the files of one repository in any address with ``?token=``."""

    token: str
    expires_at: int


class Likes(msgspec.Struct, frozen=True):
    """How many like a repository."""

    likes: int


class LikesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whose likes to list."""

    user: Annotated[str, Meta(max_length=64, description="Name of a user; default: the caller.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Items of a page.")] = 100
    cursor: Annotated[str | None, Meta(description="`next` of the page before.")] = None


class LikersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How to list who likes a repository."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Items of a page.")] = 100
    cursor: Annotated[str | None, Meta(description="`next` of the page before.")] = None


class Like(msgspec.Struct, frozen=True, kw_only=True):
    """A repository somebody likes."""

    kind: RepositoryKind
    repository: str
    created_at: int


class Liker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who likes a repository."""

    name: str
    full_name: str
    created_at: int


class CreateRepository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository to make; without ``visibility`` the owner's default holds. ``options`` belong to spaces."""

    kind: RepositoryKind = "model"
    owner: Owner
    name: Name
    visibility: Visibility | None = None
    options: dict[str, Any] = {}


class UpdateRepository(msgspec.Struct, frozen=True, kw_only=True):
    """Settings to change; what is left out stays. An option that is ``null`` is removed."""

    visibility: Visibility | None = None
    gated: Gated | None = None
    options: dict[str, Any] | None = None


class MoveRepository(msgspec.Struct, frozen=True, kw_only=True):
    """Where a repository goes."""

    owner: Owner
    name: Name


class DuplicateRepository(msgspec.Struct, frozen=True, kw_only=True):
    """The id of a copy; without ``visibility`` the source's holds."""

    owner: Owner
    name: Name
    visibility: Visibility | None = None


# --- revisions ------------------------------------------------------------------------------------------------------


class Ref(msgspec.Struct, frozen=True, kw_only=True):
    """A named revision: ``ref`` is its full name (``refs/heads/main``), ``commit`` where it points."""

    name: str
    ref: str
    commit: str


class Refs(msgspec.Struct, frozen=True, kw_only=True):
    """All refs of a repository; ``other`` holds conversions and pull requests."""

    branches: list[Ref]
    tags: list[Ref]
    other: list[Ref] = []


class CreateBranch(msgspec.Struct, frozen=True, kw_only=True):
    """Where a branch starts (default: the default branch), or an ``empty`` one."""

    revision: str | None = None
    empty: bool = False
    overwrite: bool = False


class CreateTag(msgspec.Struct, frozen=True, kw_only=True):
    """What a tag marks (default: the default branch); annotated when there is a ``message``."""

    revision: str | None = None
    message: Annotated[str, Meta(max_length=65_536)] = ""


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit; ``date`` is the author's time."""

    id: str
    title: str
    description: str = ""
    author: str
    date: int
    parents: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A path of a revision. ``size`` is what a reader downloads; ``sha256`` and ``xet_hash`` are those of large files."""

    path: str
    type: Literal["file", "directory"]
    oid: str
    size: int = 0
    sha256: str | None = None
    xet_hash: str | None = None
    executable: bool = False
    last_commit: Commit | None = None


class TreeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How to list a folder."""

    recursive: Annotated[bool, Meta(description="Also everything below.")] = False
    expand: Annotated[bool, Meta(description="With the last commit of each entry.")] = False
    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 1000
    cursor: Annotated[str | None, Meta(description="`next` of the page before.")] = None


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How to list commits."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 50
    cursor: Annotated[str | None, Meta(description="`next` of the page before.")] = None


class DiffQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Two revisions to compare."""

    base: Annotated[str, Meta(min_length=1, description="The older revision.")]
    head: Annotated[str, Meta(min_length=1, description="The newer revision.")]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How one path differs; a side that lacks it is ``null``."""

    path: str
    before: Entry | None
    after: Entry | None


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """The paths that differ, in order; ``complete`` is false when there are more."""

    changes: list[Change]
    complete: bool = True


# --- commits --------------------------------------------------------------------------------------------------------


class WriteText(msgspec.Struct, frozen=True, kw_only=True, tag="write_text", tag_field="op"):
    """Write a text file."""

    path: str
    text: str
    executable: bool = False


class WriteBytes(msgspec.Struct, frozen=True, kw_only=True, tag="write_bytes", tag_field="op"):
    """Write a file; ``content`` is base64."""

    path: str
    content: bytes
    executable: bool = False


class WriteLarge(msgspec.Struct, frozen=True, kw_only=True, tag="write_large", tag_field="op"):
    """Write a file whose content the server has already, by its SHA-256."""

    path: str
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Meta(ge=0, le=MOST)] | None = None


class Copy(msgspec.Struct, frozen=True, kw_only=True, tag="copy", tag_field="op"):
    """Copy a path of this or another revision of the repository."""

    path: str
    source: str
    revision: str | None = None


class Delete(msgspec.Struct, frozen=True, kw_only=True, tag="delete", tag_field="op"):
    """Remove a file."""

    path: str


class DeleteFolder(msgspec.Struct, frozen=True, kw_only=True, tag="delete_folder", tag_field="op"):
    """Remove a folder and everything below it."""

    path: str


Operation = WriteText | WriteBytes | WriteLarge | Copy | Delete | DeleteFolder


class CreateCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit to make on ``branch`` (default: the default branch). All operations happen, or none."""

    title: Title
    description: Description = ""
    branch: str | None = None
    parent: Parent | None = None
    operations: Annotated[list[Operation], Meta(max_length=25_000)]


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Content the server has, ready to be named by ``write_large``; without a commit it goes after a while."""

    sha256: str
    size: int


class ChangeFileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The commit that writes or deletes one file."""

    title: Annotated[str, Meta(max_length=1000, description="First line of the commit message.")] = ""
    description: Description = ""
    parent: Parent | None = None


class DownloadQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How a browser is to treat the content."""

    download: Annotated[bool, Meta(description="Save it instead of showing it.")] = False


# --- supply chain ---------------------------------------------------------------------------------------------------


class ManifestQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How to list the files of a revision."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 1000
    cursor: Annotated[str | None, Meta(description="`next` of the page before.")] = None


SbomFormat = Literal["cyclonedx", "spdx"]


class SbomQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which bill of materials."""

    format: Annotated[SbomFormat, Meta(description="The standard.")] = "cyclonedx"
    revision: Annotated[str, Meta(min_length=1, description="Default: the default branch.")] | None = None


Sbom = dict[str, Any]
"""A document of CycloneDX 1.6 or SPDX 3.0.1."""

JsonSchema = dict[str, Any]
"""JSON Schema 2020-12."""


class VerifySignature(msgspec.Struct, frozen=True, kw_only=True):
    """The key that is to have signed a revision (default: the default branch), in PEM form; ``path`` is the signature."""

    public_key: Annotated[str, Meta(max_length=65_536)]
    revision: Annotated[str, Meta(min_length=1)] | None = None
    path: Annotated[str, Meta(min_length=1, max_length=4096)] = "model.sig"


class FileDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How a file differs from what was signed."""

    path: str
    problem: Literal["changed", "missing", "not signed"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the signature holds for the files of ``commit``; ``problem`` says why not, ``differences`` are cut at 1,000."""

    commit: str
    valid: bool
    problem: str | None = None
    differences: list[FileDifference] = []


# --- accounts -------------------------------------------------------------------------------------------------------


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation the caller belongs to."""

    name: str
    full_name: str
    role: MemberRole


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An access token; its text is never shown again."""

    id: int
    name: str
    preview: str
    role: TokenRole
    scopes: tuple[Scope, ...] = ()
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who is calling, and how the server knows."""

    name: str
    full_name: str
    email: str
    is_admin: bool
    via: Literal["token", "session", "password", "link", "internal"]
    token: Token | None = None
    organizations: list[Membership] = []


class CreateToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token to make; ``expires_at`` is a time in the future, scopes belong to fine-grained tokens."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    role: TokenRole = "read"
    scopes: Annotated[tuple[Scope, ...], Meta(max_length=100)] = ()
    expires_at: Annotated[int, Meta(gt=0, le=MOST)] | None = None


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a new token, shown this once."""

    text: str


class CreateAccessKey(msgspec.Struct, frozen=True, kw_only=True):
    """The protocol a key pair is for."""

    purpose: Literal["s3"] = "s3"


class AccessKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair for protocols that sign requests: it may do what the token it is derived from may."""

    id: str
    secret: str


# --- operation ------------------------------------------------------------------------------------------------------

TaskState = Literal["waiting", "running", "done", "failed", "cancelled"]


class TaskQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks to list, newest first."""

    state: Annotated[TaskState | None, Meta(description="Only those in this state.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 50
    cursor: Annotated[int, Meta(ge=0, le=MOST, description="`next` of the page before.")] | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A background task."""

    id: int
    kind: str
    state: TaskState
    attempts: int
    max_attempts: int
    worker: str | None = None
    progress: Any = None
    error: str | None = None
    created_at: int
    run_at: int
    finished_at: int | None = None


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to send."""

    after: Annotated[int, Meta(ge=0, le=MOST, description="Only events behind this id.")] | None = None
    kind: Annotated[tuple[str, ...], Meta(description="Only these kinds; may be repeated.")] = ()
    follow: Annotated[bool, Meta(description="Wait for what happens next.")] = True


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, such as ``repository.created``; ``subject`` is ``kind:owner/name``."""

    id: int
    kind: str
    subject: str
    account: str | None = None
    payload: dict[str, Any] = {}
    created_at: int


class EventMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A server-sent event; ``data`` is the JSON of an :class:`Event`."""

    id: str
    event: str = ""
    data: str = ""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request may carry, in bytes."""

    regular_file: int
    commit_body: int
    push: int


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What answers."""

    version: str
    role: str
    registration: Literal["open", "invite", "closed"]
    kinds: tuple[RepositoryKind, ...]
    limits: Limits
