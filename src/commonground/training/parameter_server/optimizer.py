"""The update rules of the servers: pure, in place, on one block that fits the cache."""

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

import msgspec
import numpy as np

from commonground.training.parameter_server.arrays import Floats

Scratch: TypeAlias = tuple[Floats, Floats]


class SGD(msgspec.Struct, frozen=True, tag_field="name", tag="sgd"):
    """``w -= rate * g``."""

    learning_rate: float = 0.1
    slots: ClassVar[int] = 0

    def update(
        self, weights: Floats, gradient: Floats, state: Sequence[Floats], scratch: Scratch, rate: float, step: int
    ) -> None:
        """Update one block; ``gradient`` is left as it is."""
        np.multiply(gradient, rate, out=scratch[0])
        np.subtract(weights, scratch[0], out=weights)


class Momentum(msgspec.Struct, frozen=True, tag_field="name", tag="momentum"):
    """``v = momentum * v + g; w -= rate * v`` (Polyak's heavy ball, as PyTorch writes it)."""

    learning_rate: float = 0.1
    momentum: float = 0.9
    slots: ClassVar[int] = 1

    def update(
        self, weights: Floats, gradient: Floats, state: Sequence[Floats], scratch: Scratch, rate: float, step: int
    ) -> None:
        """Update one block; ``state`` is the velocity."""
        velocity = state[0]
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        np.multiply(velocity, rate, out=scratch[0])
        np.subtract(weights, scratch[0], out=weights)


class Adagrad(msgspec.Struct, frozen=True, tag_field="name", tag="adagrad"):
    """``s += g*g; w -= rate * g / (sqrt(s) + epsilon)`` (Duchi et al. 2011; on the shard as in DistBelief)."""

    learning_rate: float = 0.05
    epsilon: float = 1e-10
    slots: ClassVar[int] = 1

    def update(
        self, weights: Floats, gradient: Floats, state: Sequence[Floats], scratch: Scratch, rate: float, step: int
    ) -> None:
        """Update one block; ``state`` is the sum of squares."""
        squares, (a, b) = state[0], scratch
        np.multiply(gradient, gradient, out=a)
        np.add(squares, a, out=squares)
        np.sqrt(squares, out=a)
        np.add(a, self.epsilon, out=a)
        np.multiply(gradient, rate, out=b)
        np.divide(b, a, out=b)
        np.subtract(weights, b, out=weights)


class Adam(msgspec.Struct, frozen=True, tag_field="name", tag="adam"):
    """Adam with bias correction (Kingma & Ba 2015)."""

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    slots: ClassVar[int] = 2

    def update(
        self, weights: Floats, gradient: Floats, state: Sequence[Floats], scratch: Scratch, rate: float, step: int
    ) -> None:
        """Update one block; ``state`` is the first and the second moment, ``step`` counts from 1."""
        (mean, square), (a, b) = state, scratch
        np.multiply(mean, self.beta1, out=mean)
        np.multiply(gradient, 1 - self.beta1, out=a)
        np.add(mean, a, out=mean)
        np.multiply(square, self.beta2, out=square)
        np.multiply(gradient, gradient, out=a)
        np.multiply(a, 1 - self.beta2, out=a)
        np.add(square, a, out=square)
        np.sqrt(square, out=a)
        np.divide(a, (1 - self.beta2**step) ** 0.5, out=a)
        np.add(a, self.epsilon, out=a)
        np.multiply(mean, rate / (1 - self.beta1**step), out=b)
        np.divide(b, a, out=b)
        np.subtract(weights, b, out=weights)


Optimizer: TypeAlias = SGD | Momentum | Adagrad | Adam
