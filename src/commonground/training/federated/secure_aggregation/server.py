"""The server of one round of secure aggregation: passes on what it cannot read, and takes the masks off the sum."""

from collections.abc import Mapping

import numpy as np

from commonground.errors import InvalidContribution, TooFewClients
from commonground.training.federated.secure_aggregation import masks, shamir
from commonground.training.federated.secure_aggregation.messages import Keys, Opened, Shares
from commonground.training.federated.secure_aggregation.quantisation import Ring


def threshold_of(clients: int, share: float = 0.5) -> int:
    """How many of ``clients`` have to stay: more than half, and at least ``share`` of them."""
    return min(clients, max(clients // 2 + 1, int(np.ceil(share * clients))))


class Server:
    """Four steps that follow the clients': each takes what those that are still there sent, by their number, and raises
    :class:`TooFewClients` where they are fewer than ``threshold``.
    """

    def __init__(self, threshold: int) -> None:
        self.threshold = threshold
        self._keys: Mapping[int, Keys] = {}
        self._sharing: tuple[int, ...] = ()
        self._total: Ring = np.zeros(0, np.uint32)
        self.arrived: tuple[int, ...] = ()

    def keys(self, advertised: Mapping[int, Keys]) -> Mapping[int, Keys]:
        """What every client has to know."""
        self._enough("Exchange of keys", advertised)
        self._keys = dict(sorted(advertised.items()))
        return self._keys

    def deliver(self, shared: Mapping[int, Shares]) -> dict[int, dict[int, bytes]]:
        """For each client that shared its secrets, what the others sealed for it."""
        self._enough("Exchange of shares", shared)
        self._sharing = tuple(sorted(shared))
        return {
            receiver: {
                sender: shared[sender].sealed.get(receiver, b"") for sender in self._sharing if sender != receiver
            }
            for receiver in self._sharing
        }

    def add(self, masked: Mapping[int, Ring]) -> tuple[int, ...]:
        """Add up what arrived; whose it is, in order."""
        self._enough("Masked vectors", masked)
        self.arrived = tuple(sorted(masked))
        self._total = np.zeros_like(masked[self.arrived[0]])
        for number in self.arrived:
            if number not in self._sharing or masked[number].shape != self._total.shape:
                raise InvalidContribution(client=number, reason="its vector is not of this round")
            self._total += masked[number]
        return self.arrived

    def unmask(self, opened: Mapping[int, Opened]) -> Ring:
        """The sum of the vectors of :attr:`arrived`."""
        self._enough("Recovery of masks", opened)
        total = self._total.copy()
        for number in self.arrived:
            total -= masks.mask(
                self._secret(number, {sender: each.seeds for sender, each in opened.items()}), len(total)
            )
        for lost in set(self._sharing) - set(self.arrived):
            private = self._secret(lost, {sender: each.keys for sender, each in opened.items()})
            if masks.public_of(private) != self._keys[lost].mask:
                raise InvalidContribution(client=lost, reason="its recovered key is not the one it advertised")
            self._remove(total, lost, private)
        return total

    def _remove(self, total: Ring, lost: int, private: bytes) -> None:
        """Take off what the others added and subtracted for a client whose vector never arrived."""
        for number in self.arrived:
            shared = masks.mask(masks.agree(private, self._keys[number].mask, "mask"), len(total))
            np.subtract(total, shared, out=total) if number < lost else np.add(total, shared, out=total)

    def _secret(self, number: int, held: Mapping[int, Mapping[int, bytes]]) -> bytes:
        shares = {sender + 1: shares[number] for sender, shares in held.items() if number in shares}
        self._enough("Recovery of masks", shares)
        try:
            return shamir.combine(dict(sorted(shares.items())[: self.threshold]))
        except ValueError as error:
            raise InvalidContribution(client=number, reason=str(error)) from None

    def _enough(self, step: str, there: Mapping[int, object]) -> None:
        if len(there) < self.threshold:
            raise TooFewClients(step=step, there=len(there), needed=self.threshold)
