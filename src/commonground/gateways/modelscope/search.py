"""Numbered pages over a search that goes on from a cursor."""

import msgspec

from commonground.accounts.model import Principal
from commonground.errors import BadRequest
from commonground.gateways.modelscope.wire import PAGED_LIMIT
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.search.model import MAX_LIMIT, SearchQuery


async def find(
    repositories: Repositories, caller: Principal, query: SearchQuery, number: int, size: int
) -> tuple[list[Repository], int]:
    """Page ``number`` (from 1) of what matches, and how many results are known of: all, or one more than the pages up
    to this one hold. :class:`BadRequest` behind the first 3,000 results.
    """
    if number * size > PAGED_LIMIT:
        raise BadRequest(reason=f"page_number * page_size must be at most {PAGED_LIMIT}")
    found: list[Repository] = []
    cursor: str | None = None
    while len(found) < number * size:
        limit = min(MAX_LIMIT, number * size - len(found))
        page = await repositories.list(caller, msgspec.structs.replace(query, limit=limit, cursor=cursor))
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return found[(number - 1) * size :], len(found) + (cursor is not None)
