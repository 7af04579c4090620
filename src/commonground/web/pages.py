"""All pages of the site."""

from collections.abc import Sequence
from typing import Protocol

from commonground.http.gateway import Gateway
from commonground.http.routing import Route
from commonground.services import Services
from commonground.web.account import AccountPages
from commonground.web.compare_runs import CompareRunPages
from commonground.web.door import Door
from commonground.web.edit import EditPages
from commonground.web.files import FilePages
from commonground.web.history import HistoryPages
from commonground.web.home import HomePages
from commonground.web.likes import LikePages
from commonground.web.lineage import LineagePages
from commonground.web.lists import ListPages
from commonground.web.profile import ProfilePages
from commonground.web.repository import RepositoryPages
from commonground.web.repository_settings import RepositorySettingsPages
from commonground.web.runs import RunListPages
from commonground.web.runs_detail import RunPages
from commonground.web.runs_submit import RunFormPages
from commonground.web.settings_pages import SettingsPages
from commonground.web.site import Site
from commonground.web.upload import UploadPages


class _Pages(Protocol):
    def routes(self) -> list[Route]: ...


class Web:
    """The face for people: pages rendered on the server, in English and Chinese."""

    def __init__(self, services: Services, gateways: Sequence[Gateway] = ()) -> None:
        accounts, repositories, revisions = services.accounts, services.repositories, services.revisions
        site = Site(accounts, services.settings)
        door = Door(site, repositories)
        self._assets = site.assets
        self._groups: list[_Pages] = [
            HomePages(site, accounts, repositories),
            ListPages(site, repositories),
            AccountPages(site, accounts),
            SettingsPages(site, accounts),
            RepositorySettingsPages(site, door, accounts, repositories),
            ProfilePages(site, accounts, repositories),
            RepositoryPages(site, door, revisions, services.likes, services.runs, gateways),
            LikePages(site, door, services.likes),
            FilePages(site, door, revisions),
            HistoryPages(site, door, revisions),
            EditPages(site, door, revisions),
            UploadPages(site, door, revisions, services.store),
            RunListPages(site, services.runs),
            CompareRunPages(site, services.runs),
            RunFormPages(site, services.runs),
            RunPages(site, services.runs),
            LineagePages(site, door, revisions, services.runs),
        ]

    def routes(self) -> list[Route]:
        """Every page, and the static files."""
        return [*self._assets.routes(), *(route for group in self._groups for route in group.routes())]
