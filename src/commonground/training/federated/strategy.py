"""What the server makes of the clients' average: an optimizer's step, the difference being minus a gradient (Reddi et al.,
"Adaptive Federated Optimization", ICLR 2021).
"""

from typing import ClassVar, TypeAlias

import msgspec
import numpy as np

from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.optimizer import SGD, Adagrad, Adam, Momentum, Optimizer


class FedAvg(msgspec.Struct, frozen=True, kw_only=True, tag_field="name", tag="fedavg", forbid_unknown_fields=True):
    """``w += rate * d``: rate 1 makes the new weights the average of the clients' (McMahan et al., AISTATS 2017).
    With ``momentum`` the differences add up (FedAvgM, Hsu et al. 2019).
    """

    learning_rate: float = 1.0
    momentum: float = 0.0
    mu: ClassVar[float] = 0.0
    floor: ClassVar[float] = 0.0

    @property
    def optimizer(self) -> Optimizer:
        """The step of the server."""
        return Momentum(self.learning_rate, self.momentum) if self.momentum else SGD(self.learning_rate)


class FedProx(msgspec.Struct, frozen=True, kw_only=True, tag_field="name", tag="fedprox", forbid_unknown_fields=True):
    """FedAvg whose clients are held to where they began: ``mu / 2 * |w - w0|^2`` is part of their loss (Li et al., MLSys 2020)."""

    learning_rate: float = 1.0
    mu: float = 0.1
    floor: ClassVar[float] = 0.0

    @property
    def optimizer(self) -> Optimizer:
        """The step of the server."""
        return SGD(self.learning_rate)


class FedAdagrad(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="name", tag="fedadagrad", forbid_unknown_fields=True
):
    """``v += d*d; w += rate * d / (sqrt(v) + tau)``, from ``v = tau*tau`` (Reddi et al., algorithm 2, without momentum)."""

    learning_rate: float = 0.1
    tau: float = 1e-3
    mu: ClassVar[float] = 0.0

    @property
    def floor(self) -> float:
        """What the state begins with."""
        return self.tau**2

    @property
    def optimizer(self) -> Optimizer:
        """The step of the server."""
        return Adagrad(self.learning_rate, self.tau)


class FedAdam(msgspec.Struct, frozen=True, kw_only=True, tag_field="name", tag="fedadam", forbid_unknown_fields=True):
    """Adam on the differences, with its correction for the first steps, which the paper leaves out."""

    learning_rate: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.99
    tau: float = 1e-3
    mu: ClassVar[float] = 0.0
    floor: ClassVar[float] = 0.0

    @property
    def optimizer(self) -> Optimizer:
        """The step of the server."""
        return Adam(self.learning_rate, self.beta1, self.beta2, self.tau)


Strategy: TypeAlias = FedAvg | FedProx | FedAdagrad | FedAdam


class Updating:
    """The server's optimizer with its state: float32 arrays of the size of the parameters, as many as the optimizer has."""

    def __init__(self, strategy: Strategy, size: int) -> None:
        self._optimizer = strategy.optimizer
        self.state: list[Floats] = [np.full(size, strategy.floor, np.float32) for _ in range(self._optimizer.slots)]
        self._scratch = np.empty(size, np.float32), np.empty(size, np.float32)

    def apply(self, parameters: Floats, difference: Floats, step: int) -> None:
        """Move the parameters, in place; ``step`` counts from 1."""
        rate = self._optimizer.learning_rate
        self._optimizer.update(parameters, -difference, self.state, self._scratch, rate, step)
