"""Likes: what the client lists and takes back. It has no method for liking, so people do that on the page."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint, limit_of
from commonground.gateways.huggingface.routes.accounts import find_account
from commonground.gateways.huggingface.wire import moment
from commonground.http.responses import json_response
from commonground.http.routing import Route

PAGE_LIMIT = 100


class LikeRoutes:
    """Who likes what."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._likes = context.likes

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", f"{REPOSITORY}/like", self.like, "Like a repository"),
            endpoint("DELETE", f"{REPOSITORY}/like", self.unlike, "Take a like back"),
            endpoint("GET", f"{REPOSITORY}/likers", self.likers, "Who likes a repository", query=("limit", "cursor")),
            endpoint("GET", "/api/users/{account}/likes", self.likes, "What a user likes", query=("limit", "cursor")),
        ]

    async def like(self, request: Request) -> Response:
        """Like; the number of likes now."""
        caller, repository = await self._context.opened(request, Action.DISCUSS)
        return json_response({"likes": await self._likes.like(caller, repository)})

    async def unlike(self, request: Request) -> Response:
        """Take a like back, if there is one; the number of likes now."""
        caller, repository = await self._context.opened(request, Action.DISCUSS)
        return json_response({"likes": await self._likes.unlike(caller, repository)})

    async def likers(self, request: Request) -> Response:
        """A page of the users who like a repository, the newest like first."""
        repository = await self._context.repository(request, Action.READ_METADATA)
        page = await self._likes.likers_of(
            repository, request.query_params.get("cursor"), limit_of(request, PAGE_LIMIT)
        )
        shown = [
            {"user": liker.name, "fullname": liker.full_name or liker.name, "avatarUrl": "", "type": "user"}
            for liker in page.items
        ]
        return self._context.page(request, shown, page.cursor)

    async def likes(self, request: Request) -> Response:
        """A page of what a user likes, the newest like first; what the caller may not know of is left out."""
        caller, account = await self._context.caller(request), await find_account(self._context, request, "user")
        cursor = request.query_params.get("cursor")
        page = await self._likes.likes_of(caller, account.id, cursor, limit_of(request, PAGE_LIMIT))
        shown = [
            {"createdAt": moment(like.created_at), "repo": {"name": like.repository, "type": like.kind}}
            for like in page.items
        ]
        return self._context.page(request, shown, page.cursor)
