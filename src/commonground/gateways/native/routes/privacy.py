"""The privacy ledger of a data set."""

import math

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.gateways.native import errors
from commonground.gateways.native import wire_privacy as wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.training.privacy.model import Budget, Ledger

PRIVACY = f"{REPOSITORY}/privacy"


class PrivacyRoutes:
    """What runs take from a data set, and how much they may."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ledger = context.services.privacy

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", PRIVACY, self.get_privacy, "Look at a privacy ledger", result=wire.Ledger,
                     errors=errors.FIND),
            endpoint("PUT", PRIVACY, self.set_privacy_budget, "Set a privacy budget", body=wire.SetBudget,
                     result=wire.Ledger, errors=errors.FIND),
        ]  # fmt: skip

    async def get_privacy(self, request: Request) -> Response:
        """What runs have spent of a data set, and its budget."""
        repository = await self._context.readable(request)
        return json_response(shown(await self._ledger.show(repository)))

    async def set_privacy_budget(self, request: Request) -> Response:
        """Limit what all runs on a data set may spend together, or lift the limit; for who manages it."""
        _, repository = await self._context.opened(request, Action.MANAGE)
        asked = await read_json(request, wire.SetBudget)
        budget = None if asked.epsilon is None else Budget(epsilon=asked.epsilon, delta=asked.delta)
        return json_response(shown(await self._ledger.set_budget(repository, budget)))


def shown(ledger: Ledger) -> wire.Ledger:
    """A ledger the way the API shows it: JSON knows no infinity."""
    spent = ledger.spent
    return wire.Ledger(
        budget=ledger.budget,
        epsilon=spent.epsilon if math.isfinite(spent.epsilon) else None,
        delta=spent.delta,
        accountant=spent.accountant,
        renyi=spent.renyi if math.isfinite(spent.renyi) else None,
        entries=ledger.entries,
    )
