"""The server's side: one round after another."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from commonground.errors import TooFewClients
from commonground.training.federated.aggregation import Total, open_sum, secure_sum
from commonground.training.federated.checkpoint import Checkpoints
from commonground.training.federated.messages import Clients
from commonground.training.federated.participant import Plan
from commonground.training.federated.strategy import Updating
from commonground.training.parameter_server.arrays import Floats
from commonground.training.privacy.mechanism import gaussian_noise
from commonground.training.privacy.poisson import PoissonSampler
from commonground.training.program import Program

ATTEMPTS = 3
"""How often a round is tried: a process that was killed takes its clients with it, and others play them the next time."""


@dataclass(frozen=True)
class Round:
    """How a round went. ``lost`` are clients that did not answer in time; ``metrics`` are of the parameters after it."""

    number: int
    sampled: tuple[int, ...]
    reported: tuple[int, ...]
    loss: float
    seconds: float
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def lost(self) -> tuple[int, ...]:
        """Who was asked and did not answer."""
        return tuple(sorted(set(self.sampled) - set(self.reported)))


def sampled(plan: Plan, round_: int) -> tuple[int, ...]:
    """The clients of a round, in order: as many each time, by the seed. With privacy each client by itself with the probability
    ``sample``, which may be none, and by chance nobody can repeat: the accountant assumes so.
    """
    options = plan.options
    if plan.privacy is not None:
        chosen = PoissonSampler(rows=options.clients, rate=options.sample).part(round_, 0)
    else:
        random = np.random.default_rng((plan.seed, round_, 0x5A3))
        chosen = random.choice(options.clients, options.sampled, replace=False)
    return tuple(sorted(map(int, chosen)))


class Rounds:
    """Trains ``program``'s parameters, in place, continuing from the newest checkpoint. :class:`TooFewClients` where a round
    cannot be finished, :class:`InvalidSnapshot` for checkpoints of another strategy.
    """

    def __init__(self, program: Program, plan: Plan, clients: Clients, checkpoints: Checkpoints | None = None) -> None:
        self.program, self.plan, self.clients = program, plan, clients
        self.parameters: Floats = program.parameters.copy()
        self._updating = Updating(plan.options.strategy, len(self.parameters))
        self._checkpoints = checkpoints
        self.done = checkpoints.restore(self.parameters, self._updating.state) if checkpoints else 0

    def run(self, report: Callable[[Round], None] = lambda _: None) -> None:
        """All rounds that are left; the program holds the result."""
        while self.done < self.plan.options.rounds:
            report(self.step())
        self.program.parameters[:] = self.parameters

    def step(self) -> Round:
        """One round."""
        began, number = time.monotonic(), self.done + 1
        chosen = sampled(self.plan, number)
        total = self._total(chosen, number)
        self._updating.apply(self.parameters, self._difference(total), number)
        self.done = number
        if self._checkpoints is not None:
            self._checkpoints.save(self.parameters, self._updating.state, number)
        metrics = self._evaluate(number)
        return Round(number, chosen, total.reported, total.loss, time.monotonic() - began, metrics)

    def _total(self, chosen: tuple[int, ...], number: int) -> Total:
        if not chosen:  # that nobody was sampled is a secret, too
            assert self.plan.privacy is not None
            deviation = self.plan.noise * self.plan.privacy.clip
            return Total(gaussian_noise(len(self.parameters), deviation), 0.0, (), 0.0)
        collect = secure_sum if self.plan.options.secure_aggregation else open_sum
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return collect(self.clients, self.plan, chosen, number, self.parameters)
            except TooFewClients:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def _difference(self, total: Total) -> Floats:
        """The mean; with privacy by the number of clients that was to be expected, which does not tell who was there."""
        options = self.plan.options
        weight = options.sample * options.clients if self.plan.privacy is not None else total.weight
        return total.sum / np.float32(weight)

    def _evaluate(self, number: int) -> Mapping[str, float]:
        options = self.plan.options
        if number % options.evaluate_every and number != options.rounds:
            return {}
        self.program.parameters[:] = self.parameters
        return self.program.evaluate()
