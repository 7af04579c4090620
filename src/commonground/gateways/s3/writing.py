"""PutObject, DeleteObject, DeleteObjects."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound, FileToDeleteNotFound, NotSupported, PreconditionFailed, StaleParent
from commonground.gateways.s3.commits import Commits
from commonground.gateways.s3.contents import take
from commonground.gateways.s3.context import NEWEST, Context, Place, check_key
from commonground.gateways.s3.errors import malformed, refused
from commonground.gateways.s3.objects import check, etag, not_modified
from commonground.gateways.s3.payload import Payload
from commonground.gateways.s3.xml import Content, Element, answer, parse
from commonground.hub.revisions.model import Commit, DeleteFile, Entry, Operation
from commonground.hub.revisions.paths import is_path

DELETED_AT_ONCE = 1000
BODY_LIMIT = 4 * 2**20
ATTEMPTS = 5
CONDITIONS = ("if-match", "if-none-match")


class Writing:
    """Changes objects; every change is a commit."""

    def __init__(self, context: Context, commits: Commits) -> None:
        self._context, self._commits = context, commits
        self._services = context.services

    async def put_object(self, request: Request) -> Response:
        """Write an object. A key with a slash at its end and no content is taken and forgotten: git has no empty
        folders.
        """
        place = await self._context.open(request, Action.WRITE)
        payload = Payload(request, place.caller)
        if place.key.endswith("/"):
            if await payload.read(BODY_LIMIT):
                raise refused("InvalidArgument", "a key that ends with a slash is a folder and has no content")
            return Response(headers={"ETag": f'"{"0" * 40}-1"'})
        if any(name in request.headers for name in CONDITIONS):
            await self._check(request, place)  # before a long body is taken in vain
        operation = await take(self._services, place, aiter(payload))
        made = await self.write(request, place, operation)
        return Response(headers={**await self.described(place, made), **payload.checksums})

    async def delete_object(self, request: Request) -> Response:
        """Remove an object; one that is not there is removed already."""
        place = await self._context.open(request, Action.WRITE)
        _only_newest(request.query_params.get("versionId", NEWEST))
        if not is_path(place.key):
            return Response(status_code=204)
        try:
            made = await self.write(request, place, DeleteFile(place.key))
        except (FileToDeleteNotFound, EntryNotFound):
            return Response(status_code=204)
        return Response(status_code=204, headers={"x-amz-version-id": made.sha})

    async def delete_objects(self, request: Request) -> Response:
        """Remove up to 1,000 objects in one commit."""
        place = await self._context.open(request, Action.WRITE)
        body = parse(await Payload(request, place.caller).read(BODY_LIMIT))
        asked = [_asked(element) for element in body.all("Object")]
        if body.name != "Delete" or not 1 <= len(asked) <= DELETED_AT_ONCE:
            raise malformed(f"the body names no objects, or more than {DELETED_AT_ONCE}")
        keys = [key for key, version in asked if version == NEWEST]
        found = await self._files(place, keys)
        if found:
            operations = [DeleteFile(entry.path) for entry in found]
            await self._commits.now(place, operations, agent_of(request))
        quiet = body.find("Quiet").strip().lower() == "true"
        gone: list[tuple[str, Content]] = [("Deleted", [("Key", key)]) for key in keys if not quiet]
        return answer("DeleteResult", [*gone, *(_kept(key) for key, version in asked if version != NEWEST)])

    async def write(self, request: Request, place: Place, operation: Operation) -> Commit:
        """Commit one operation, if the conditions of the request hold for what it replaces; :class:`PreconditionFailed`,
        or :class:`StaleParent` where others keep changing the branch.
        """
        agent = agent_of(request)
        if not any(name in request.headers for name in CONDITIONS):
            return await self._commits.soon(place, operation, agent)
        for _ in range(ATTEMPTS):
            head = await self._check(request, place)
            try:
                return await self._commits.now(place, [operation], agent, parent=head)
            except StaleParent:
                continue
        raise StaleParent

    async def described(self, place: Place, made: Commit) -> dict[str, str]:
        """The headers of an object as a commit has left it."""
        _, entry = await self._services.revisions.entry(place.repository, made.sha, place.key)
        return {"ETag": f'"{etag(entry)}"', "x-amz-version-id": made.sha}

    async def _check(self, request: Request, place: Place) -> str:
        """The commit on which the conditions of the request hold; :class:`PreconditionFailed`."""
        head = await self._services.revisions.resolve(place.repository, place.revision)
        found = await self._files(place, [place.key], head)
        if not found:
            if "if-match" in request.headers:
                raise EntryNotFound(path=place.key)
            return head
        check(request, etag(found[0]), 0)
        if not_modified(request, etag(found[0]), 1):
            raise PreconditionFailed(condition="If-None-Match")
        return head

    async def _files(self, place: Place, keys: Sequence[str], revision: str = "") -> list[Entry]:
        wanted = [key for key in dict.fromkeys(keys) if is_path(key)]
        entries = await self._services.revisions.paths(place.repository, revision or place.revision, wanted)
        return [entry for entry in entries if entry.type == "file"]


def agent_of(request: Request) -> str:
    """What the caller says it is, for the commit message."""
    agent = request.headers.get("user-agent", "")
    return "".join(c if c.isprintable() else " " for c in agent[:200]).strip() or "an S3 client"


def _asked(element: Element) -> tuple[str, str]:
    return check_key(element.find("Key")), element.find("VersionId") or NEWEST


def _kept(key: str) -> tuple[str, Content]:
    return "Error", [("Key", key), ("Code", "NotImplemented"), ("Message", "versions are commits and stay")]


def _only_newest(version: str) -> None:
    if version != NEWEST:
        raise NotSupported(feature="Deleting a version: it is a commit")
