"""Training by private gradients: DP-SGD (Abadi et al., CCS 2016) for any program, whatever the kind of the run."""

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec
import numpy as np

from commonground.errors import InvalidSpec
from commonground.training.parameter_server.arrays import Floats
from commonground.training.privacy.accounting import guarantee
from commonground.training.privacy.mechanism import clipped_sum, gaussian_noise
from commonground.training.privacy.model import Guarantee
from commonground.training.privacy.plan import PrivacyPlan
from commonground.training.program import Batch, Program, Source

MEMORY = 64 * 2**20
"""Bytes of gradients of single examples that are held at a time."""
CARD, FACTS = "README.md", "privacy.json"
ASSUMPTION = "each row takes part in each step by itself, with the sampling rate as its probability (Poisson sampling)"


@runtime_checkable
class ExampleProgram(Protocol):
    """A program that knows the gradients of single examples; of any other each example is a batch of its own."""

    def example_gradients(self, batch: Batch, out: Floats) -> None:
        """Write the gradient of each row of the batch to a row of ``out`` (float32 ``[rows, size]``)."""
        ...


class PrivateProgram:
    """A program whose gradients are private. Implements :class:`Program`.

    A gradient is the sum of the examples' gradients, each clipped, with this worker's part of the noise, over the number
    of rows that is *expected*: give it what :class:`PoissonSampler` draws, an empty batch too. ``shares`` workers add up
    to one step. No loss is told: it would be of the rows themselves.
    """

    def __init__(self, program: Program, plan: PrivacyPlan, *, shares: int = 1) -> None:
        """:class:`InvalidSpec` where there are fewer rows than the cost was computed for."""
        rows = plan.privacy.rows or 0
        if len(program.data) < rows:
            raise InvalidSpec(reason=f"privacy.rows is {rows}, and the data has {len(program.data)}")
        self._program, self._plan, self._shares = program, plan, shares
        self.mechanism = plan.mechanism()
        self._expected = plan.sampling_rate * rows / shares

    @property
    def parameters(self) -> Floats:
        """The program's."""
        return self._program.parameters

    @property
    def data(self) -> Source:
        """The program's."""
        return self._program.data

    @cached_property
    def guarantee(self) -> Guarantee:
        """What is promised for all steps together."""
        return guarantee([self.mechanism], self._plan.privacy.delta)

    def gradient(self, batch: Batch, out: Floats) -> float:
        """Write the private gradient to ``out``; not a number, in place of the loss."""
        clip = self._plan.privacy.clip
        total = np.zeros(len(out), np.float64)
        rows, many = _rows(batch), max(1, MEMORY // (4 * len(out)))
        for start in range(0, rows, many):
            part = {name: array[start : start + many] for name, array in batch.items()}
            total += clipped_sum(self._examples(part, len(out)), clip)
        deviation = self.mechanism.noise_multiplier * clip / math.sqrt(self._shares)
        out[:] = (total.astype(np.float32) + gaussian_noise(len(out), deviation)) / np.float32(self._expected)
        return math.nan

    def _examples(self, batch: Batch, size: int) -> Floats:
        rows = _rows(batch)
        found = np.zeros((rows, size), np.float32)
        if isinstance(self._program, ExampleProgram):
            self._program.example_gradients(batch, found)
            return found
        for row in range(rows):
            self._program.gradient({name: array[row : row + 1] for name, array in batch.items()}, found[row])
        return found

    def evaluate(self) -> Mapping[str, float]:
        """The program's metrics, which are not private by themselves, and what is promised."""
        promised = {"privacy_epsilon": self.guarantee.epsilon, "privacy_delta": self.guarantee.delta}
        return {**self._program.evaluate(), **promised}

    def save(self, folder: Path) -> None:
        """Save the program, ``privacy.json``, and a section of the card where there is one."""
        self._program.save(folder)
        (folder / FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(self.facts()), indent=2) + b"\n")
        card = folder / CARD
        if card.exists():
            card.write_text(f"{card.read_text(encoding='utf-8').rstrip()}\n{self._section()}", encoding="utf-8")

    def facts(self) -> dict[str, str | int | float | None]:
        """What is promised, and what that depends on."""
        found, mechanism = self.guarantee, self.mechanism
        return {
            "unit": self._plan.privacy.mode, "epsilon": found.epsilon if math.isfinite(found.epsilon) else None,
            "delta": found.delta, "accountant": found.accountant, "mechanism": "Poisson-sampled Gaussian",
            "noise_multiplier": mechanism.noise_multiplier, "clip": self._plan.privacy.clip,
            "sampling_rate": mechanism.sampling_rate, "steps": mechanism.steps, "assumes": ASSUMPTION,
        }  # fmt: skip

    def _section(self) -> str:
        found, mechanism = self.guarantee, self.mechanism
        return (
            f"\n## Differential privacy\n\nTrained with differential privacy of each {self._plan.privacy.mode}: "
            f"epsilon {found.epsilon:.4g} at delta {found.delta:.3g} ({found.accountant}), by noise of {mechanism.noise_multiplier:.4g} "
            f"times the clipping length {self._plan.privacy.clip:.4g} over {mechanism.steps} steps at sampling rate "
            f"{mechanism.sampling_rate:.4g}. This holds if {ASSUMPTION}.\n"
        )


def _rows(batch: Batch) -> int:
    return len(next(iter(batch.values()), ()))
