"""Resources: the cards and files of repositories under ``hub://`` addresses."""

import base64
from typing import Any

from commonground.accounts.model import SEGMENTS
from commonground.errors import CommongroundError, PayloadTooLarge
from commonground.gateways.mcp.addresses import Address, uri_of
from commonground.gateways.mcp.errors import told
from commonground.gateways.mcp.tools.files import CARD, as_text, find, read_card
from commonground.gateways.mcp.tools.model import AtRevision, Caller
from commonground.gateways.mcp.wire import INVALID_PARAMS, RESOURCE_NOT_FOUND, RpcError
from commonground.http.media_types import TEXT, media_type
from commonground.hub.search.model import SearchQuery

PAGE = 50
READ_LIMIT = 4 * 2**20
"""Bytes of the largest file that is a resource; ``read_file`` reads ranges of any."""

MARKDOWN = "text/markdown"

_KINDS = "|".join(SEGMENTS.values())
TEMPLATES = [
    {
        "uriTemplate": "hub://{kind}/{owner}/{name}",
        "name": "card",
        "title": "Card of a repository",
        "description": f"The README; kind is one of {_KINDS}.",
        "mimeType": MARKDOWN,
    },
    {
        "uriTemplate": "hub://{kind}/{owner}/{name}@{revision}/{+path}",
        "name": "file",
        "title": "File of a revision",
        "description": f"A file of at most {READ_LIMIT} bytes; revision is a branch, tag or commit.",
    },
]


async def listed(caller: Caller, cursor: object) -> dict[str, Any]:
    """A page of the cards the caller may read, those that are looked at most first."""
    given = cursor if isinstance(cursor, str) else None
    try:
        page = await caller.services.repositories.list(caller.principal, SearchQuery(limit=PAGE, cursor=given))
    except CommongroundError as error:
        raise _refused(error, INVALID_PARAMS) from None
    resources = [
        {
            "uri": uri_of(item),
            "name": item.full_name,
            "description": item.description,
            "mimeType": MARKDOWN,
        }
        for item in page.items
    ]
    return {"resources": resources} | ({"nextCursor": page.cursor} if page.cursor else {})


async def read(caller: Caller, uri: object, *, stateless: bool) -> dict[str, Any]:
    """The contents of a resource; :class:`RpcError` where there is none that the caller may read."""
    if not isinstance(uri, str):
        raise RpcError(INVALID_PARAMS, "the parameter uri is missing")
    missing = INVALID_PARAMS if stateless else RESOURCE_NOT_FOUND
    try:
        address = Address.parse(uri)
        contents = await (_file(caller, address) if address.path else _card(caller, address))
    except CommongroundError as error:
        raise _refused(error, missing if error.status in {401, 403, 404, 307} else INVALID_PARAMS) from None
    return {"contents": [{"uri": uri, **contents}]}


async def _card(caller: Caller, address: Address) -> dict[str, str]:
    found = await read_card(caller, _asked(address))
    return {"mimeType": MARKDOWN, "text": found.text}


async def _file(caller: Caller, address: Address) -> dict[str, str]:
    repository = await caller.open_files(_asked(address))
    _, entry = await find(caller, repository, address.revision, address.path)
    if entry.size > READ_LIMIT:
        raise PayloadTooLarge(limit=READ_LIMIT)
    data = await caller.services.revisions.read(repository, entry)
    text = as_text(data, whole=True)
    kind = MARKDOWN if entry.path.endswith(CARD) else media_type(entry.path)
    if text is None:
        return {"mimeType": kind, "blob": base64.b64encode(data).decode()}
    return {"mimeType": kind if kind.startswith("text/") or "json" in kind or "xml" in kind else TEXT, "text": text}


def _asked(address: Address) -> AtRevision:
    name = f"{address.owner}/{address.name}"
    return AtRevision(repository=name, kind=address.kind, revision=address.revision)


def _refused(error: CommongroundError, code: int) -> RpcError:
    if error.status >= 500:
        raise error
    return RpcError(code, told(error), {"code": error.code})
