"""Likes."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import AccountNotFound, Unauthenticated
from commonground.gateways.native import errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint, page
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route


class LikeRoutes:
    """Who likes what."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._likes = context.services.likes

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", f"{REPOSITORY}/like", self.like_repository, "Like a repository",
                     result=wire.Likes, errors=errors.FIND),
            endpoint("DELETE", f"{REPOSITORY}/like", self.unlike_repository, "Take a like back",
                     result=wire.Likes, errors=errors.FIND),
            endpoint("GET", f"{REPOSITORY}/likers", self.list_likers, "List who likes a repository",
                     query=wire.LikersQuery, result=wire.Page[wire.Liker], errors=errors.FIND),
            endpoint("GET", f"{wire.API}/likes", self.list_likes, "List what a user likes",
                     query=wire.LikesQuery, result=wire.Page[wire.Like],
                     errors=(*errors.SIGNED_IN, AccountNotFound)),
        ]  # fmt: skip

    async def like_repository(self, request: Request) -> Response:
        """Like a repository; how many do now. Liking it again changes nothing."""
        caller, repository = await self._context.opened(request, Action.DISCUSS)
        return json_response(wire.Likes(await self._likes.like(caller, repository)))

    async def unlike_repository(self, request: Request) -> Response:
        """Take a like back, if there is one; how many like it now."""
        caller, repository = await self._context.opened(request, Action.DISCUSS)
        return json_response(wire.Likes(await self._likes.unlike(caller, repository)))

    async def list_likers(self, request: Request) -> Response:
        """Who likes a repository, the newest like first."""
        _, repository = await self._context.opened(request, Action.READ_METADATA)
        asked = read_query(request, wire.LikersQuery)
        found = await self._likes.likers_of(repository, asked.cursor, asked.limit)
        shown = [wire.Liker(name=item.name, full_name=item.full_name, created_at=item.created_at)
                 for item in found.items]  # fmt: skip
        return page(request, shown, found.cursor)

    async def list_likes(self, request: Request) -> Response:
        """What a user likes, the newest like first; what the caller may not know of is left out."""
        caller, asked = await self._context.caller(request), read_query(request, wire.LikesQuery)
        if asked.user is None and caller.is_anonymous:
            raise Unauthenticated
        account = await self._context.services.accounts.find(asked.user or caller.name)
        found = await self._likes.likes_of(caller, account.id, asked.cursor, asked.limit)
        shown = [wire.Like(kind=item.kind, repository=item.repository, created_at=item.created_at)
                 for item in found.items]  # fmt: skip
        return page(request, shown, found.cursor)
