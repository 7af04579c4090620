"""The gateway: all routes of the protocol over the services of the hub."""

from typing import Protocol

from commonground.gateways.huggingface.context import Context
from commonground.gateways.huggingface.routes.accounts import AccountRoutes
from commonground.gateways.huggingface.routes.cards import CardRoutes
from commonground.gateways.huggingface.routes.commits import CommitRoutes
from commonground.gateways.huggingface.routes.fallback import FallbackRoutes
from commonground.gateways.huggingface.routes.files import FileRoutes
from commonground.gateways.huggingface.routes.identity import IdentityRoutes
from commonground.gateways.huggingface.routes.information import InformationRoutes
from commonground.gateways.huggingface.routes.jobs import JobRoutes
from commonground.gateways.huggingface.routes.large_files import LargeFileRoutes
from commonground.gateways.huggingface.routes.likes import LikeRoutes
from commonground.gateways.huggingface.routes.listing import ListingRoutes
from commonground.gateways.huggingface.routes.refs import RefRoutes
from commonground.gateways.huggingface.routes.repositories import RepositoryRoutes
from commonground.gateways.huggingface.routes.scheduled_jobs import ScheduledJobRoutes
from commonground.gateways.huggingface.routes.trees import TreeRoutes
from commonground.gateways.huggingface.routes.weights import WeightRoutes
from commonground.gateways.huggingface.routes.xet_tokens import XetTokenRoutes
from commonground.gateways.huggingface.siblings import Siblings
from commonground.gateways.huggingface.snippets import snippets
from commonground.http.gateway import Snippet, Use
from commonground.http.routing import Route
from commonground.services import Services


class Area(Protocol):
    """A group of endpoints."""

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        ...


class HuggingFaceGateway:
    """Answers the clients of the Hugging Face Hub."""

    def __init__(self, services: Services) -> None:
        self._context = Context(services)

    def routes(self) -> list[Route]:
        """Every endpoint."""
        siblings = Siblings(self._context.revisions)
        areas: list[Area] = [
            IdentityRoutes(self._context),
            AccountRoutes(self._context),
            RepositoryRoutes(self._context),
            InformationRoutes(self._context, siblings),
            ListingRoutes(self._context, siblings),
            TreeRoutes(self._context),
            FileRoutes(self._context),
            CommitRoutes(self._context),
            LikeRoutes(self._context),
            RefRoutes(self._context),
            XetTokenRoutes(self._context),
            CardRoutes(self._context),
            LargeFileRoutes(self._context),
            WeightRoutes(self._context),
            JobRoutes(self._context),
            ScheduledJobRoutes(self._context),
            FallbackRoutes(self._context),
        ]
        return [route for area in areas for route in area.routes()]

    def snippets(self, use: Use) -> list[Snippet]:
        """The library the repository is for, ``huggingface_hub``, ``hf`` and curl."""
        return snippets(use)
