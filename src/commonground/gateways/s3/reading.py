"""GetObject, HeadObject, GetObjectAttributes."""

from base64 import b64encode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import EntryNotFound
from commonground.gateways.s3.context import Context, Place, last_changed
from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.objects import STORAGE_CLASS, check, etag, http_date, not_modified
from commonground.gateways.s3.xml import answer
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, HeadersOnly, send_file
from commonground.http.identity import client_address
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.model import Entry

REMEMBERED = 100_000
FOLDER = "application/x-directory"
OVERRIDES = {
    "response-content-type": "Content-Type",
    "response-content-disposition": "Content-Disposition",
    "response-content-language": "Content-Language",
    "response-cache-control": "Cache-Control",
    "response-expires": "Expires",
}


class Reading:
    """Sends objects and what is known of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._revisions = context.services.revisions
        self._changed: LruCache[tuple[int, str, str], int] = LruCache(REMEMBERED)

    async def get_object(self, request: Request) -> Response:
        """The content of an object, or its headers."""
        place = await self._context.readable(request)
        if place.key.endswith("/"):
            return await self._folder(request, place)
        commit, entry, changed = await self.find(place)
        check(request, etag(entry), changed)
        headers = self._headers(request, commit, entry, changed)
        if not_modified(request, etag(entry), changed):
            return Response(status_code=304, headers=headers)
        if request.query_params.get("partNumber", "1") != "1":
            raise refused("InvalidPartNumber", "an object has one part", 416)
        if request.method == "GET":
            who = place.principal.name or client_address(request, self._context.services.settings)
            await self._context.services.repositories.count_download(place.repository, entry.path, who)
        found = file_content(self._revisions, self._context.services.store, place.repository, entry)
        kind = headers.pop("Content-Type", found.media_type)
        return await send_file(request, msgspec.structs.replace(found, etag=etag(entry), media_type=kind), headers)

    async def get_object_attributes(self, request: Request) -> Response:
        """Tag, size and SHA-256 of an object."""
        place = await self._context.readable(request)
        commit, entry, changed = await self.find(place)
        [sha256] = await self._revisions.sha256s(place.repository, [entry])
        document = answer(
            "GetObjectAttributesResponse",
            [
                ("ETag", etag(entry)),
                ("Checksum", [("ChecksumSHA256", _base64(sha256)), ("ChecksumType", "FULL_OBJECT")]),
                ("StorageClass", STORAGE_CLASS),
                ("ObjectSize", entry.size),
            ],
        )
        document.headers["x-amz-version-id"] = commit
        document.headers["Last-Modified"] = http_date(changed)
        return document

    async def find(self, place: Place) -> tuple[str, Entry, int]:
        """Commit, entry and last change (UTC milliseconds) of an object; :class:`EntryNotFound`."""
        commit, entry = await self._revisions.entry(place.repository, place.revision, place.key)
        if entry.type != "file":
            raise EntryNotFound(path=place.key, commit=commit)
        key = (place.repository.id, commit, place.key)
        changed = self._changed.get(key)
        if changed is None:
            changed = (await last_changed(self._revisions, place.repository, commit, [entry]))[entry.path]
            self._changed.put(key, changed)
        return commit, entry, changed

    async def _folder(self, request: Request, place: Place) -> Response:
        """The empty object some clients expect where a folder is; git keeps none."""
        commit, entry = await self._revisions.entry(place.repository, place.revision, place.key.removesuffix("/"))
        if entry.type != "directory":
            raise EntryNotFound(path=place.key, commit=commit)
        headers = {"x-amz-version-id": commit, "ETag": f'"{entry.oid}-1"', "Content-Type": FOLDER}
        return HeadersOnly(
            200, {**headers, "Content-Length": "0", "Last-Modified": http_date(place.repository.created_at)}
        )

    def _headers(self, request: Request, commit: str, entry: Entry, changed: int) -> dict[str, str]:
        headers = {"x-amz-version-id": commit, "Last-Modified": http_date(changed), **UNTRUSTED}
        asked = request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
        if asked and entry.lfs is not None and "range" not in request.headers:
            headers["x-amz-checksum-sha256"] = _base64(entry.lfs.sha256)
            headers["x-amz-checksum-type"] = "FULL_OBJECT"
        for name, header in OVERRIDES.items():
            if (value := request.query_params.get(name)) is not None:
                headers[header] = _said(name, value)
        return headers


def _said(name: str, value: str) -> str:
    if not (value.isascii() and value.isprintable() and len(value) <= 1000):
        raise refused("InvalidArgument", f"{name} is not a header")
    return value


def _base64(sha256: str) -> str:
    return b64encode(bytes.fromhex(sha256)).decode()
