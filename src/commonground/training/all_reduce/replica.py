"""One worker's copy of everything that is trained."""

from collections.abc import Iterator

import numpy as np

from commonground.training.all_reduce.options import DiLoCo
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.optimizer import Optimizer
from commonground.training.parameter_server.shard import BLOCK


class Replica:
    """Parameters ``[size]``, trained in place, with the state of the optimizer and of the outer step, if there is one."""

    def __init__(self, parameters: Floats, optimizer: Optimizer, outer: DiLoCo | None) -> None:
        self.parameters, self._optimizer, self._outer = parameters, optimizer, outer
        self._state: list[Floats] = [np.zeros_like(parameters) for _ in range(optimizer.slots)]
        self._scratch: tuple[Floats, Floats] = (np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32))
        self._velocity: Floats = np.zeros_like(parameters) if outer else np.empty(0, np.float32)
        self._anchor: Floats = parameters.copy() if outer else np.empty(0, np.float32)

    def vectors(self) -> dict[str, Floats]:
        """What has to be kept between rounds, by name; filled from a checkpoint, call :meth:`anchor` then."""
        kept = {"parameters": self.parameters, **{f"state.{i}": state for i, state in enumerate(self._state)}}
        return {**kept, "velocity": self._velocity} if self._outer else kept

    def anchor(self) -> None:
        """Begin a round with the parameters as they are."""
        if self._outer:
            self._anchor[...] = self.parameters

    def update(self, gradient: Floats, step: int, factor: float) -> None:
        """One step of the optimizer, the ``step``-th from 1, with the learning rate times ``factor``."""
        rate = self._optimizer.learning_rate * factor
        for block in self._blocks():
            weights = self.parameters[block]
            scratch = self._scratch[0][: len(weights)], self._scratch[1][: len(weights)]
            state = [state[block] for state in self._state]
            self._optimizer.update(weights, gradient[block], state, scratch, rate, step)

    def outer_step(self, mean: Floats) -> None:
        """End a round: the way from its beginning to ``mean``, that of all workers, is the gradient of one step of SGD
        with Nesterov momentum (as PyTorch writes it).
        """
        assert self._outer is not None
        for block in self._blocks():
            gradient, velocity = self._anchor[block] - mean[block], self._velocity[block]
            velocity *= self._outer.outer_momentum
            velocity += gradient
            gradient += self._outer.outer_momentum * velocity
            self._anchor[block] -= self._outer.outer_learning_rate * gradient
        self.parameters[...] = self._anchor

    def _blocks(self) -> Iterator[slice]:
        return (slice(first, first + BLOCK) for first in range(0, len(self.parameters), BLOCK))
