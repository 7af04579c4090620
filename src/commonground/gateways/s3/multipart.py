"""Uploads in parts: nothing is seen of them until they are completed, which is one commit."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.accounts.permissions import Action
from commonground.errors import CommongroundError, UploadNotFound
from commonground.gateways.s3.contents import of_file
from commonground.gateways.s3.context import Context, Place
from commonground.gateways.s3.copying import SOURCE, Copying
from commonground.gateways.s3.errors import error_document, malformed, refused
from commonground.gateways.s3.objects import STORAGE_CLASS, part_tag, xml_date
from commonground.gateways.s3.payload import Payload
from commonground.gateways.s3.writing import BODY_LIMIT, Writing
from commonground.gateways.s3.xml import DECLARATION, MEDIA_TYPE, Content, answer, parse, render
from commonground.http.ranges import parse_ranges
from commonground.hub.revisions.paths import split_path
from commonground.store.model import Part, Session

PURPOSE = "s3"
_ID = re.compile(r"[0-9a-f]{1,64}")
PARTS = 10_000
"""Highest number of a part, as in S3."""
LISTED_AT_ONCE = 1000
HEARTBEAT_SECONDS = 5.0
"""After this long the end of an upload is answered with blanks, so that no client gives up waiting, as S3 does."""


class Multipart:
    """The life of uploads in parts. They belong to the account that began them."""

    def __init__(self, context: Context, copying: Copying, writing: Writing) -> None:
        self._context, self._copying, self._writing = context, copying, writing
        self._services = context.services
        self._finishing: set[asyncio.Task[bytes]] = set()

    async def create_multipart_upload(self, request: Request) -> Response:
        """Begin an upload."""
        place = await self._context.open(request, Action.WRITE)
        split_path(place.key)
        await Payload(request, place.caller).read(BODY_LIMIT)
        session = await self._services.uploads.begin(_account(place), PURPOSE, _details(place))
        named = [("Bucket", request.path_params["bucket"]), ("Key", place.key), ("UploadId", session.id)]
        return answer("InitiateMultipartUploadResult", named)

    async def upload_part(self, request: Request) -> Response:
        """Take a part, in place of the one of its number."""
        place, session = await self._session(request)
        payload = Payload(request, place.caller)
        part = await self._services.uploads.put_part(session, _number(request), aiter(payload))
        return Response(headers={"ETag": f'"{part_tag(part.sha256)}"', **payload.checksums})

    async def upload_part_copy(self, request: Request) -> Response:
        """Take a part from another object, or a range of it."""
        place, session = await self._session(request)
        source, commit, entry = await self._copying.source(request, place)
        header = request.headers.get(f"{SOURCE}-range")
        [(start, end)] = (parse_ranges(header, entry.size) if header else None) or [(0, entry.size)]
        parts = self._copying.stream(source, entry, start, end)
        part = await self._services.uploads.put_part(session, _number(request), parts)
        tags: list[tuple[str, Content]] = [("ETag", f'"{part_tag(part.sha256)}"')]
        document = answer("CopyPartResult", [*tags, ("LastModified", xml_date(place.repository.updated_at))])
        document.headers["x-amz-copy-source-version-id"] = commit
        return document

    async def complete_multipart_upload(self, request: Request) -> Response:
        """Join the parts and commit. A long wait is bridged with blanks; its failure is then a document with status
        200, as in S3.
        """
        place, session = await self._session(request)
        wanted = _parts_asked(await Payload(request, place.caller).read(BODY_LIMIT))
        _check_parts(await self._services.uploads.parts(session), wanted)
        self._finishing.add(
            work := asyncio.create_task(self._finish(request, place, session, [number for number, _ in wanted]))
        )
        work.add_done_callback(self._finishing.discard)
        await asyncio.wait({work}, timeout=HEARTBEAT_SECONDS)
        if work.done():
            return Response(DECLARATION + work.result(), media_type=MEDIA_TYPE)
        return StreamingResponse(_heartbeat(request, work), media_type=MEDIA_TYPE)

    async def abort_multipart_upload(self, request: Request) -> Response:
        """Forget an upload and its parts."""
        _, session = await self._session(request)
        await self._services.uploads.abort(session)
        return Response(status_code=204)

    async def list_parts(self, request: Request) -> Response:
        """The parts that have arrived, a page of them."""
        place, session = await self._session(request)
        after, most = _count(request, "part-number-marker", 0), _count(request, "max-parts", LISTED_AT_ONCE)
        found = await self._services.uploads.parts(session, after, min(most, LISTED_AT_ONCE) + 1)
        shown = found[: min(most, LISTED_AT_ONCE)]
        return answer(
            "ListPartsResult",
            [
                ("Bucket", request.path_params["bucket"]),
                ("Key", place.key),
                ("UploadId", session.id),
                ("PartNumberMarker", after),
                ("NextPartNumberMarker", shown[-1].number if shown else after),
                ("MaxParts", min(most, LISTED_AT_ONCE)),
                ("IsTruncated", len(found) > len(shown)),
                ("StorageClass", STORAGE_CLASS),
                *(("Part", _described(part, place)) for part in shown),
            ],
        )

    async def list_multipart_uploads(self, request: Request) -> Response:
        """The caller's uploads to this bucket, in no order of keys."""
        place = await self._context.open(request, Action.WRITE)
        after = request.query_params.get("upload-id-marker", "")
        if after and not _ID.fullmatch(after):
            raise refused("InvalidArgument", "upload-id-marker is no upload")
        found = await self._services.uploads.of_account(_account(place), PURPOSE, after, LISTED_AT_ONCE)
        here = [item for item in found if item.details["repository"] == place.repository.id]
        prefix = request.query_params.get("prefix", "")
        uploads: list[tuple[str, Content]] = [
            ("Upload", [("Key", item.details["key"]), ("UploadId", item.id), ("StorageClass", STORAGE_CLASS)])
            for item in here
            if item.details["key"].startswith(prefix)
        ]
        more = len(found) == LISTED_AT_ONCE
        head: list[tuple[str, Content]] = [("Bucket", request.path_params["bucket"]), ("UploadIdMarker", after)]
        head += [("NextKeyMarker", found[-1].details["key"]), ("NextUploadIdMarker", found[-1].id)] if more else []
        return answer("ListMultipartUploadsResult", [*head, ("IsTruncated", more), *uploads])

    async def _session(self, request: Request) -> tuple[Place, Session]:
        """The upload a request goes on with, for the key it was begun for."""
        place = await self._context.open(request, Action.WRITE)
        upload = request.query_params.get("uploadId", "")
        if not _ID.fullmatch(upload):
            raise UploadNotFound(upload=upload[:64])
        session = await self._services.uploads.find(upload, place.principal.uploader, PURPOSE)
        if session.details != _details(place):
            raise UploadNotFound(upload=upload[:64])
        return place, session

    async def _finish(self, request: Request, place: Place, session: Session, numbers: Sequence[int]) -> bytes:
        """Commit the joined parts; the document that says so, without its first line. A refused commit leaves the
        upload as it was.
        """
        file = await self._services.uploads.join(session, numbers)
        made = await self._writing.write(request, place, await of_file(self._services, place, file))
        await self._services.uploads.abort(session)
        headers = await self._writing.described(place, made)
        named = [("Bucket", request.path_params["bucket"]), ("Key", place.key), ("ETag", headers["ETag"])]
        return render("CompleteMultipartUploadResult", named).removeprefix(DECLARATION)


def _details(place: Place) -> dict[str, object]:
    return {"repository": place.repository.id, "revision": place.revision, "key": place.key}


def _account(place: Place) -> int:
    assert place.principal.uploader is not None  # nobody else may write
    return place.principal.uploader


def _described(part: Part, place: Place) -> Content:
    return [
        ("PartNumber", part.number),
        ("LastModified", xml_date(place.repository.updated_at)),
        ("ETag", f'"{part_tag(part.sha256)}"'),
        ("Size", part.size),
    ]


def _number(request: Request) -> int:
    number = _count(request, "partNumber", 0)
    if not 1 <= number <= PARTS:
        raise refused("InvalidArgument", f"partNumber is not a number from 1 to {PARTS}")
    return number


def _count(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, str(default))
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        raise refused("InvalidArgument", f"{name} is not a number")
    return int(given)


def _parts_asked(body: bytes) -> list[tuple[int, str]]:
    root = parse(body)
    parts = [(element.find("PartNumber"), element.find("ETag").strip().strip('"')) for element in root.all("Part")]
    if root.name != "CompleteMultipartUpload" or not parts or len(parts) > PARTS:
        raise malformed("the body names no parts, or too many")
    if not all(number.isascii() and number.isdigit() and len(number) < 6 for number, _ in parts):
        raise malformed("the number of a part is none")
    numbered = [(int(number), tag) for number, tag in parts]
    if any(one >= other for (one, _), (other, _) in pairwise(numbered)):
        raise refused("InvalidPartOrder", "the parts are not in ascending order")
    return numbered


def _check_parts(found: Sequence[Part], wanted: Sequence[tuple[int, str]]) -> None:
    tags = {part.number: part_tag(part.sha256) for part in found}
    for number, tag in wanted:
        if tags.get(number) != tag:
            raise refused("InvalidPart", f"part {number} has not arrived, or has another ETag")


async def _heartbeat(request: Request, work: "asyncio.Task[bytes]") -> AsyncIterator[bytes]:
    yield DECLARATION
    while not work.done():
        yield b" "
        await asyncio.wait({work}, timeout=HEARTBEAT_SECONDS)
    try:
        yield work.result()
    except CommongroundError as error:
        yield error_document(request, error).removeprefix(DECLARATION)
