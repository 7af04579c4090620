"""The button that likes a repository, and takes the like back."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.permissions import Action
from commonground.community.likes.service import Likes
from commonground.http.routing import Route
from commonground.web.door import Door, templates
from commonground.web.forms import read_form
from commonground.web.links import repository_url
from commonground.web.site import Site


class LikePages:
    """``/like`` of a repository. A form, so that it works without scripts."""

    def __init__(self, site: Site, door: Door, likes: Likes) -> None:
        self._site, self._door, self._likes = site, door, likes

    def routes(self) -> list[Route]:
        """The routes of the form."""
        return [self._site.route("POST", path, self.change, "Like, or take a like back") for path in templates("/like")]

    async def change(self, request: Request) -> Response:
        """Do what the button said, and show the repository again."""
        opened = await self._door.open(request, Action.DISCUSS)
        wanted = (await read_form(request)).get("liked") == "yes"
        await (self._likes.like if wanted else self._likes.unlike)(opened.principal, opened.repository)
        return RedirectResponse(repository_url(opened.repository), 303)
