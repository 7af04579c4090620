"""The gateway: all routes of the API over the services of the hub."""

from commonground.accounts.model import SEGMENTS
from commonground.gateways.native.context import Context
from commonground.gateways.native.routes.accounts import AccountRoutes
from commonground.gateways.native.routes.commits import CommitRoutes
from commonground.gateways.native.routes.events import EventRoutes
from commonground.gateways.native.routes.files import FileRoutes
from commonground.gateways.native.routes.likes import LikeRoutes
from commonground.gateways.native.routes.operation import OperationRoutes
from commonground.gateways.native.routes.privacy import PrivacyRoutes
from commonground.gateways.native.routes.refs import RefRoutes
from commonground.gateways.native.routes.repositories import RepositoryRoutes
from commonground.gateways.native.routes.run_logs import RunLogRoutes
from commonground.gateways.native.routes.runs import RunRoutes
from commonground.gateways.native.routes.schedules import ScheduleRoutes
from commonground.gateways.native.routes.schemas import SchemaRoutes
from commonground.gateways.native.routes.supply_chain import SupplyChainRoutes
from commonground.gateways.native.routes.trees import TreeRoutes
from commonground.http.gateway import Snippet, Use
from commonground.http.routing import Route
from commonground.services import Services


class NativeGateway:
    """Answers the SDK, the commands, and whoever reads ``/openapi.json``."""

    def __init__(self, services: Services) -> None:
        self._context = Context(services)

    def routes(self) -> list[Route]:
        """Every endpoint."""
        context = self._context
        return [
            *RepositoryRoutes(context).routes(),
            *RefRoutes(context).routes(),
            *TreeRoutes(context).routes(),
            *FileRoutes(context).routes(),
            *CommitRoutes(context).routes(),
            *LikeRoutes(context).routes(),
            *SupplyChainRoutes(context).routes(),
            *RunRoutes(context).routes(),
            *RunLogRoutes(context).routes(),
            *ScheduleRoutes(context).routes(),
            *PrivacyRoutes(context).routes(),
            *SchemaRoutes(context).routes(),
            *AccountRoutes(context).routes(),
            *OperationRoutes(context).routes(),
            *EventRoutes(context).routes(),
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """The command of this project."""
        address = f"hub://{SEGMENTS[use.repository.kind]}/{use.repository.full_name}"
        code = f"CG_ENDPOINT={use.origin} commonground files download {address} --recursive\n"
        return [Snippet("commonground", "bash", code)]
