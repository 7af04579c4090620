"""A client of one round of secure aggregation."""

import secrets
from collections.abc import Collection, Mapping

import numpy as np

from commonground.errors import InvalidContribution, TooFewClients
from commonground.training.federated.secure_aggregation import masks, shamir
from commonground.training.federated.secure_aggregation.messages import Keys, Opened, Shares
from commonground.training.federated.secure_aggregation.quantisation import Ring


class Client:
    """Four steps, in this order: :meth:`advertise`, :meth:`share`, :meth:`mask`, :meth:`open`. Made anew each round.

    ``number`` is this client's among all (0 or more). The vector is hidden behind a mask shared with each other client, which cancel in
    the sum, and behind one of its own, so that a vector that arrives late, after its shared masks had to be recovered, stays hidden.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._seal, self._mask = masks.new_key(), masks.new_key()
        self._seed = secrets.token_bytes(shamir.SECRET_BYTES)
        self._keys: Mapping[int, Keys] = {}
        self._peers: set[int] = set()
        self._shares: dict[int, bytes] = {}
        self._threshold = 1
        self._opened = False

    def advertise(self) -> Keys:
        """The public keys."""
        return Keys(masks.public_of(self._seal), masks.public_of(self._mask))

    def share(self, keys: Mapping[int, Keys], threshold: int) -> Shares:
        """Both secrets in parts for everyone in ``keys`` (this client too), any ``threshold`` of which give them back."""
        self._keys, self._threshold = keys, threshold
        points = [number + 1 for number in keys]
        seeds = shamir.split(self._seed, points, threshold)
        private = shamir.split(self._mask, points, threshold)
        parts = {number: seeds[number + 1] + private[number + 1] for number in keys}
        self._shares[self.number] = parts.pop(self.number)
        return Shares(
            {other: masks.seal(self._key(other), text, _context(self.number, other)) for other, text in parts.items()}
        )

    def mask(self, vector: Ring, sealed: Mapping[int, bytes]) -> Ring:
        """``vector`` behind its masks; ``sealed`` are the shares sent to this client, by sender: those senders are in the sum.

        :class:`InvalidContribution` for shares nobody of this round sealed, :class:`TooFewClients` where too few are in the sum.
        """
        for other, text in sealed.items():
            if other not in self._keys:
                raise InvalidContribution(client=other, reason="it is not in this round")
            self._shares[other] = masks.unseal(self._key(other), text, _context(other, self.number), other)
        self._peers = set(self._shares)
        self._enough("Masking", self._peers)
        hidden = vector + masks.mask(self._seed, len(vector))
        for other in self._peers - {self.number}:
            shared = masks.mask(masks.agree(self._mask, self._keys[other].mask, "mask"), len(vector))
            np.add(hidden, shared, out=hidden) if self.number < other else np.subtract(hidden, shared, out=hidden)
        return hidden

    def open(self, arrived: Collection[int]) -> Opened:
        """Shares of the seeds of ``arrived`` and of the mask keys of everyone else: never both of one client, and only once."""
        if self._opened:
            raise InvalidContribution(client=self.number, reason="its shares were asked for twice")
        self._opened = True
        size = shamir.SHARE_BYTES
        there = set(arrived) & self._peers
        self._enough("Opening shares", there)
        return Opened(
            {other: self._shares[other][:size] for other in there},
            {other: self._shares[other][size:] for other in self._peers - there},
        )

    def _enough(self, step: str, there: Collection[int]) -> None:
        if len(there) < self._threshold:
            raise TooFewClients(step=step, there=len(there), needed=self._threshold)

    def _key(self, other: int) -> bytes:
        try:
            return masks.agree(self._seal, self._keys[other].seal, "seal")
        except ValueError:
            raise InvalidContribution(client=other, reason="its key is no key") from None


def _context(sender: int, receiver: int) -> bytes:
    return f"{sender} to {receiver}".encode()
