"""Listings of folders and questions about paths."""

from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import BadRequest
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint, flag, limit_of
from commonground.gateways.huggingface.entries import tree_entry
from commonground.http.bodies import decode_json, read_body
from commonground.http.responses import json_response
from commonground.http.routing import Route

TREE_PAGE, EXPANDED_PAGE = 1000, 50
PATHS = 5000


class PathQuestion(msgspec.Struct):
    """JSON form of the body of ``POST .../paths-info/{revision}``."""

    paths: list[str] | str
    expand: bool = False


class TreeRoutes:
    """What a revision contains."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        tree, query = f"{REPOSITORY}/tree/{{revision}}", ("recursive", "expand", "limit", "cursor")
        return [
            endpoint("GET", tree, self.tree, "List the root folder", query=query),
            endpoint("GET", f"{tree}/{{path*}}", self.tree, "List a folder", query=query),
            endpoint("POST", f"{REPOSITORY}/paths-info/{{revision}}", self.paths, "Describe paths", body=PathQuestion),
        ]

    async def tree(self, request: Request) -> Response:
        """One page of a folder."""
        repository = await self._context.repository(request)
        expand = flag(request, "expand")
        page = await self._context.revisions.tree(
            repository,
            request.path_params["revision"],
            request.path_params.get("path", "").strip("/"),
            recursive=flag(request, "recursive"),
            expand=expand,
            cursor=request.query_params.get("cursor"),
            limit=limit_of(request, EXPANDED_PAGE if expand else TREE_PAGE),
        )
        return self._context.page(request, [tree_entry(entry) for entry in page.items], page.cursor)

    async def paths(self, request: Request) -> Response:
        """The paths that exist, as in a listing."""
        repository = await self._context.repository(request)
        asked = await _question(request)
        paths = [asked.paths] if isinstance(asked.paths, str) else asked.paths
        if len(paths) > PATHS:
            raise BadRequest(reason=f"more than {PATHS} paths")
        entries = await self._context.revisions.paths(
            repository, request.path_params["revision"], paths, expand=asked.expand
        )
        return json_response([tree_entry(entry) for entry in entries])


async def _question(request: Request) -> PathQuestion:
    """The body, which the Python client sends as a form and others as JSON."""
    body = await read_body(request)
    if request.headers.get("content-type", "").startswith("application/json"):
        return decode_json(body, PathQuestion)
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=PATHS + 10)
    except ValueError as error:
        raise BadRequest(reason=f"the form cannot be read: {error}") from None
    return PathQuestion(form.get("paths", []), form.get("expand", [""])[-1].lower() in {"true", "1"})
