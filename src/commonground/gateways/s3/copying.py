"""CopyObject, and the source of UploadPartCopy."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import PreconditionFailed
from commonground.gateways.s3.callers import BASE
from commonground.gateways.s3.contents import take
from commonground.gateways.s3.context import NEWEST, Context, Place, check_key
from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.objects import check, etag, not_modified, xml_date
from commonground.gateways.s3.reading import Reading
from commonground.gateways.s3.writing import Writing
from commonground.gateways.s3.xml import answer
from commonground.hub.revisions.model import AddPointer, CopyFile, Entry, Operation

SOURCE = "x-amz-copy-source"
_PREFIX = "x-amz-copy-source-"


class Copying:
    """Copies objects without moving their bytes."""

    def __init__(self, context: Context, reading: Reading, writing: Writing) -> None:
        self._context, self._reading, self._writing = context, reading, writing

    async def copy_object(self, request: Request) -> Response:
        """Write an object with the content of another, of this bucket or of one the caller may read."""
        place = await self._context.open(request, Action.WRITE)
        source, commit, entry = await self.source(request, place)
        operation = await self._operation(place, source, commit, entry)
        made = await self._writing.write(request, place, operation)
        headers = await self._writing.described(place, made)
        document = answer("CopyObjectResult", [("ETag", headers["ETag"]), ("LastModified", xml_date(made.date))])
        document.headers["x-amz-version-id"] = made.sha
        document.headers["x-amz-copy-source-version-id"] = commit
        return document

    async def source(self, request: Request, place: Place) -> tuple[Place, str, Entry]:
        """The object a request copies from, with its commit; its conditions hold."""
        path, _, query = request.headers[SOURCE].partition("?")
        path = unquote(path).removeprefix("/").removeprefix(f"{BASE[1:]}/")
        bucket, _, key = path.partition("/")
        version = parse_qs(query).get("versionId", [NEWEST])[-1]
        if not key:
            raise refused("InvalidArgument", f"{SOURCE} is not bucket/key")
        source = await self._context.place(place.caller, bucket, check_key(key), version, Action.READ)
        await self._context.services.repositories.check_files(place.principal, source.repository)
        commit, entry, changed = await self._reading.find(source)
        tag = etag(entry)
        check(request, tag, changed, _PREFIX)
        if not_modified(request, tag, changed, _PREFIX):
            raise PreconditionFailed(condition=f"{_PREFIX}if-none-match")
        return source, commit, entry

    async def _operation(self, place: Place, source: Place, commit: str, entry: Entry) -> Operation:
        """What copies an entry. Content of another repository is named by its hash where the caller may read it."""
        if source.repository.id == place.repository.id:
            return CopyFile(path=place.key, source_path=entry.path, source_revision=commit)
        if entry.lfs is not None:
            return AddPointer(path=place.key, sha256=entry.lfs.sha256, size=entry.lfs.size)
        return await take(self._context.services, place, self.stream(source, entry))

    def stream(self, source: Place, entry: Entry, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) of a source."""
        return self._context.services.revisions.stream(source.repository, entry, start, end)
