"""ListObjectsV2, ListObjects, ListObjectVersions."""

from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import BadRequest
from commonground.gateways.s3.context import Context, Place, last_changed
from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.listing import MOST, Keys, list_keys
from commonground.gateways.s3.objects import STORAGE_CLASS, etag, xml_date
from commonground.gateways.s3.xml import Content, answer
from commonground.hub.revisions.cursors import decode_cursor, encode_cursor
from commonground.hub.revisions.model import Entry

Pairs = list[tuple[str, Content]]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters all lists share."""

    prefix: str
    delimiter: str
    most: int
    encoded: bool

    def said(self, text: str) -> str:
        """A key as the caller wants it."""
        return quote(text, safe="/-_.~*") if self.encoded else text


class Lists:
    """Lists the keys of a bucket."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._revisions = context.services.revisions

    async def list_objects_v2(self, request: Request) -> Response:
        """A page of keys. All pages of one list come from the commit of the first."""
        place = await self._context.readable(request)
        asked, given = _asked(request), request.query_params
        after, token = given.get("start-after", ""), given.get("continuation-token")
        if token is not None:
            place, after = _continued(place, token)
        keys = await self._keys(place, asked, after)
        token_next = encode_cursor((keys.commit, keys.last))
        head: Pairs = [("Name", request.path_params["bucket"]), ("Prefix", asked.said(asked.prefix))]
        head += [("StartAfter", asked.said(given["start-after"]))] if "start-after" in given else []
        head += [("ContinuationToken", token)] if token is not None else []
        head += [("NextContinuationToken", token_next)] if keys.last else []
        head.append(("KeyCount", len(keys.files) + len(keys.folders)))
        owner = given.get("fetch-owner", "").lower() == "true"
        objects = await self._objects(place, asked, keys, owner=owner)
        return answer("ListBucketResult", [*head, *_common(asked, keys), *objects, *_folders(asked, keys)])

    async def list_objects(self, request: Request) -> Response:
        """A page of keys, in the first form of the protocol."""
        place = await self._context.readable(request)
        asked, marker = _asked(request), request.query_params.get("marker", "")
        keys = await self._keys(place, asked, marker)
        head: Pairs = [("Name", request.path_params["bucket"]), ("Prefix", asked.said(asked.prefix))]
        head.append(("Marker", asked.said(marker)))
        head += [("NextMarker", asked.said(keys.last))] if keys.last else []
        objects = await self._objects(place, asked, keys, owner=True)
        return answer("ListBucketResult", [*head, *_common(asked, keys), *objects, *_folders(asked, keys)])

    async def list_object_versions(self, request: Request) -> Response:
        """The newest version of every key; the others are the commits of its history."""
        place = await self._context.readable(request)
        asked, marker = _asked(request), request.query_params.get("key-marker", "")
        keys = await self._keys(place, asked, marker)
        head: Pairs = [("Name", request.path_params["bucket"]), ("Prefix", asked.said(asked.prefix))]
        head += [("KeyMarker", asked.said(marker)), ("VersionIdMarker", "")]
        head += [("NextKeyMarker", asked.said(keys.last)), ("NextVersionIdMarker", "null")] if keys.last else []
        versions = await self._objects(place, asked, keys, owner=True, version=keys.commit)
        return answer("ListVersionsResult", [*head, *_common(asked, keys), *versions, *_folders(asked, keys)])

    async def _keys(self, place: Place, asked: Asked, after: str) -> Keys:
        recursive = not asked.delimiter
        return await list_keys(self._revisions, place, asked.prefix, after, asked.most, recursive=recursive)

    async def _objects(self, place: Place, asked: Asked, keys: Keys, *, owner: bool, version: str = "") -> Pairs:
        dates = await last_changed(self._revisions, place.repository, keys.commit, keys.files) if keys.files else {}
        who: Pairs = [("Owner", [("ID", place.repository.owner), ("DisplayName", place.repository.owner)])]
        return [
            (
                "Version" if version else "Contents",
                [
                    ("Key", asked.said(entry.path)),
                    *_version(version),
                    ("LastModified", xml_date(dates[entry.path])),
                    *_content(entry),
                    *(who if owner else []),
                ],
            )
            for entry in keys.files
        ]


def _version(commit: str) -> Pairs:
    return [("VersionId", commit), ("IsLatest", True)] if commit else []


def _content(entry: Entry) -> Pairs:
    return [("ETag", f'"{etag(entry)}"'), ("Size", entry.size), ("StorageClass", STORAGE_CLASS)]


def _common(asked: Asked, keys: Keys) -> Pairs:
    common: Pairs = [("MaxKeys", asked.most), ("IsTruncated", bool(keys.last))]
    common += [("Delimiter", asked.said(asked.delimiter))] if asked.delimiter else []
    return common + ([("EncodingType", "url")] if asked.encoded else [])


def _folders(asked: Asked, keys: Keys) -> Pairs:
    return [("CommonPrefixes", [("Prefix", asked.said(folder))]) for folder in keys.folders]


def _continued(place: Place, token: str) -> tuple[Place, str]:
    try:
        commit, after = decode_cursor(token, tuple[str, str])
    except BadRequest:
        raise refused("InvalidArgument", "the continuation token is not one of this server") from None
    return msgspec.structs.replace(place, revision=commit), after


def _asked(request: Request) -> Asked:
    given = request.query_params
    most, delimiter = given.get("max-keys", str(MOST)), given.get("delimiter", "")
    if not (most.isascii() and most.isdigit() and len(most) < 11):
        raise refused("InvalidArgument", "max-keys is not a number")
    if delimiter not in {"", "/"}:
        raise refused("NotImplemented", "only / divides keys", 501)
    encoding = given.get("encoding-type", "")
    if encoding not in {"", "url"}:
        raise refused("InvalidArgument", "encoding-type is not url")
    return Asked(
        prefix=given.get("prefix", ""), delimiter=delimiter, most=min(int(most), MOST), encoded=encoding == "url"
    )
