"""What the workers know of the weights, where the way back is compressed too."""

import numpy as np

from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.codec import Codec


class Replica:
    """The weights as a worker has them.

    Only differences travel. What an encoding leaves out stays in the difference and is sent later, so that the error does not add up
    (error feedback on the server's side, as in Tang et al. 2019, DoubleSqueeze).
    """

    def __init__(self, weights: Floats, codec: Codec) -> None:
        self.weights, self.codec = weights, codec
        self.known: Floats = weights.copy()

    def difference(self, start: int, count: int) -> memoryview:
        """Encode what the worker lacks of a range, and remember that it has it."""
        known = self.known[start : start + count]
        lacking = np.subtract(self.weights[start : start + count], known)
        payload = self.codec.encode(lacking)
        sent = np.empty_like(lacking)
        self.codec.decode(payload, sent)
        np.add(known, sent, out=known)
        return payload
