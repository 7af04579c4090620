"""The privacy ledger, as methods of the hub."""

from commonground.gateways.native import wire_privacy as wire
from commonground.sdk.address import Address
from commonground.sdk.transport import Transport, repository_path


class PrivacyMethods:
    """What runs take from data sets. ``dataset`` is ``datasets/owner/name`` or an address."""

    _transport: Transport

    def get_privacy(self, dataset: str | Address) -> wire.Ledger:
        """What runs have spent of a data set, and its budget."""
        return self._transport.call(wire.Ledger, "GET", repository_path(Address.of(dataset), "privacy"))

    def set_privacy_budget(
        self, dataset: str | Address, epsilon: float | None = None, *, delta: float = 1e-5
    ) -> wire.Ledger:
        """Let all runs on a data set spend at most ``epsilon`` at ``delta``; ``None``: as much as they like."""
        body = wire.SetBudget(epsilon=epsilon, delta=delta)
        return self._transport.call(wire.Ledger, "PUT", repository_path(Address.of(dataset), "privacy"), body=body)
