"""What every operation asks first: who is calling, which repository and revision, which key."""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.requests import Request

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest, RepositoryMoved, RevisionNotFound
from commonground.gateways.s3.buckets import Bucket, parse_bucket
from commonground.gateways.s3.callers import BASE, Caller, caller_of
from commonground.gateways.s3.errors import refused
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions
from commonground.services import Services

LONGEST_KEY = 1024
"""Bytes of a key, as in S3."""
NEWEST = "null"
"""The version S3 gives to what has none; here it means the newest."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request goes: ``revision`` is the branch, tag or commit its bucket or version names."""

    caller: Caller
    repository: Repository
    revision: str
    key: str

    @property
    def principal(self) -> Principal:
        """Who is calling."""
        return self.caller.principal


class Context:
    """The services, and the questions every operation asks them."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def open(self, request: Request, action: Action) -> Place:
        """The place a request names, if its caller may do ``action`` there."""
        caller = await caller_of(self.services, request)
        bucket, key = split_path(request)
        if key and "key" not in request.path_params:  # nothing but slashes: not to be taken for the bucket itself
            raise refused("InvalidArgument", "the key is empty")
        version = request.query_params.get("versionId", NEWEST)
        return await self.place(caller, bucket, key, version, action)

    async def readable(self, request: Request) -> Place:
        """Like :meth:`open` for reading files: gated repositories ask for more."""
        place = await self.open(request, Action.READ)
        await self.services.repositories.check_files(place.principal, place.repository)
        return place

    async def place(self, caller: Caller, bucket: str, key: str, version: str, action: Action) -> Place:
        """The place of a key, for ``action``. A renamed repository is found under its old name, too."""
        where = parse_bucket(bucket)
        repository = await self.repository(caller.principal, where, action)
        named = version if version != NEWEST else where.revision
        revision = await self._spelled(repository, named) if named else repository.default_branch
        return Place(caller=caller, repository=repository, revision=revision, key=key)

    async def repository(self, principal: Principal, bucket: Bucket, action: Action) -> Repository:
        """The repository of a bucket."""
        repositories = self.services.repositories
        try:
            return await repositories.open(principal, bucket.kind, bucket.owner, bucket.name, action)
        except RepositoryMoved as moved:
            owner, _, name = str(moved.details["repository"]).partition("/")
            return await repositories.open(principal, bucket.kind, owner, name, action)

    async def _spelled(self, repository: Repository, revision: str) -> str:
        """A revision in its own spelling: bucket names may come in lower case."""
        try:
            await self.services.revisions.resolve(repository, revision)
        except RevisionNotFound:
            refs = await self.services.revisions.refs(repository)
            found = [ref.short for ref in refs if revision.lower() in {ref.short.lower(), ref.name.lower()}]
            if len(found) != 1:
                raise
            return found[0]
        return revision


def split_path(request: Request) -> tuple[str, str]:
    """Bucket and key as they were sent, decoded: the router would take slashes off the end of a key."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    bucket, _, key = raw.removeprefix(BASE.encode()).removeprefix(b"/").partition(b"/")
    return _decode(bucket), check_key(_decode(key))


def check_key(key: str) -> str:
    """``key``, if S3 would take it."""
    if len(key.encode("utf-8", "surrogatepass")) > LONGEST_KEY:
        raise refused("KeyTooLongError", f"a key has at most {LONGEST_KEY} bytes")
    return key


def _decode(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise BadRequest(reason="the path is not UTF-8") from None


async def last_changed(
    revisions: Revisions, repository: Repository, commit: str, entries: Sequence[Entry]
) -> dict[str, int]:
    """When each path was changed last, in UTC milliseconds; the day the repository began where that is long ago."""
    found = await revisions.expand(repository, commit, entries)
    return {entry.path: entry.last_commit.date if entry.last_commit else repository.created_at for entry in found}
