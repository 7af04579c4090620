"""Lists: the tags of a repository, and what refers to a manifest."""

from bisect import bisect_right
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import BadRequest
from commonground.gateways.oci import queries
from commonground.gateways.oci.door import Door
from commonground.gateways.oci.media_types import IMAGE_INDEX
from commonground.gateways.oci.names import name_of, parse_digest, tag_of
from commonground.gateways.oci.queries import StoredManifest
from commonground.gateways.oci.wire import Descriptor, Manifest
from commonground.http.addresses import raw_path
from commonground.http.responses import json_response
from commonground.hub.revisions.refnames import HEADS, TAGS
from commonground.services import Services

PAGE = 1000
REFERRERS_AT_ONCE = 100


class Lists:
    """The endpoints that list."""

    def __init__(self, services: Services, door: Door) -> None:
        self._services, self._door = services, door

    async def tags(self, request: Request) -> Response:
        """``tags/list``: branches, tags, and what was pushed under other names, in the order of their bytes.

        ``last`` continues behind a tag; ``n`` bounds the page, which has at most :data:`PAGE`.
        """
        _, repository = await self._door.reader(request)
        most = _bound(request.query_params.get("n"))
        refs = await self._services.revisions.refs(repository)
        named = {tag_of(ref.short) for ref in refs if ref.name.startswith((HEADS, TAGS))} - {None}
        loose = await self._services.database.read(queries.loose_tags, repository.id)
        found = sorted(named.union(loose), key=str)
        last = request.query_params.get("last", "")
        page = found[bisect_right(found, last, key=str) if last else 0 :]
        more = {"n": str(most), "last": str(page[most - 1])} if len(page) > most > 0 else None
        return json_response({"name": name_of(repository), "tags": page[:most]}, headers=_link(request, more))

    async def referrers(self, request: Request) -> Response:
        """``referrers/{digest}``: an index of the manifests with that subject, also where there is no such manifest."""
        _, repository = await self._door.reader(request)
        subject = str(parse_digest(request.path_params["digest"]))
        kind = request.query_params.get("artifactType") or None
        values = (repository.id, subject, kind, request.query_params.get("last", ""), REFERRERS_AT_ONCE + 1)
        found = await self._services.database.read(queries.referrers, *values)
        page = found[:REFERRERS_AT_ONCE]
        more = {"last": page[-1].digest} | ({"artifactType": kind} if kind else {}) if len(found) > len(page) else None
        headers = {"Content-Type": IMAGE_INDEX, **_link(request, more)}
        if kind is not None:
            headers["OCI-Filters-Applied"] = "artifactType"
        index = Manifest(schema_version=2, media_type=IMAGE_INDEX, manifests=[_descriptor(item) for item in page])
        return Response(msgspec.json.encode(index), headers=headers)


def _descriptor(item: StoredManifest) -> Descriptor:
    manifest = msgspec.json.decode(item.body, type=Manifest)
    return Descriptor(
        media_type=item.media_type,
        digest=item.digest,
        size=len(item.body),
        artifact_type=item.artifact_type,
        annotations=manifest.annotations,
    )


def _bound(text: str | None) -> int:
    if text is None:
        return PAGE
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise BadRequest(reason="n is a number")
    return min(int(text), PAGE)


def _link(request: Request, query: dict[str, str] | None) -> dict[str, str]:
    return {} if query is None else {"Link": f'<{raw_path(request)}?{urlencode(query)}>; rel="next"'}
