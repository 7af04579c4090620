"""What a specification promises: its section ``privacy``, and from it the mechanism the run is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from commonground.errors import InvalidSpec
from commonground.training.privacy.accounting import noise_for
from commonground.training.privacy.model import MOST_STEPS, SampledGaussian

Probability = Annotated[float, Meta(gt=0, lt=1)]
Positive = Annotated[float, Meta(gt=0, le=2.0**40)]
Count = Annotated[int, Meta(ge=1, le=MOST_STEPS)]


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``mode``: what is protected, an example or a client. ``epsilon`` is the target the ``noise`` (a multiplier of ``clip``)
    follows from; one of the two is given. ``rows``: how many examples there are at least; fewer in the data end the run.
    ``sampling_rate`` and ``steps`` are for a kind that does not say them itself, such as a task.
    """

    mode: Literal["example", "client"] = "example"
    epsilon: Positive | None = None
    noise: Annotated[float, Meta(ge=0, le=2.0**40)] | None = None
    delta: Probability = 1e-5
    clip: Positive = 1.0
    rows: Count | None = None
    sampling_rate: Annotated[float, Meta(gt=0, le=1)] | None = None
    steps: Count | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivacyPlan:
    """A section together with how often rows are sampled, and how many times."""

    privacy: Privacy
    sampling_rate: float
    steps: int

    def mechanism(self) -> SampledGaussian:
        """The run as a mechanism. Solves the noise where only epsilon is given, which may take seconds;
        :class:`InvalidSpec` where none reaches it.
        """
        noise = self.privacy.noise
        if noise is None:
            assert self.privacy.epsilon is not None
            try:
                noise = noise_for(self.privacy.epsilon, self.privacy.delta, self.sampling_rate, self.steps)
            except ValueError as error:
                raise InvalidSpec(reason=f"privacy: {error}") from None
        return SampledGaussian(noise, self.sampling_rate, self.steps)


def plan_of(specification: Mapping[str, Any]) -> PrivacyPlan | None:
    """The plan of a specification (plain data), ``None`` without a section ``privacy``. :class:`InvalidSpec` for what
    cannot be meant, and where it does not say enough to know the cost before the run.
    """
    given = specification.get("privacy")
    if not given:
        return None
    kind = specification.get("kind", "task")
    defaults = {"mode": "client"} if kind == "federated" else {}
    privacy = section({**defaults, **given})
    options, workers = specification.get("options") or {}, (specification.get("resources") or {}).get("workers", 1)
    find = {"federated": _of_rounds, "ps-sync": _of_steps, "ps-async": _of_separate_steps}.get(kind, _as_said)
    try:
        rate, steps = find(privacy, options, workers)
        return PrivacyPlan(privacy=privacy, sampling_rate=rate, steps=SampledGaussian(1.0, rate, steps).steps)
    except (TypeError, ValueError) as error:
        raise InvalidSpec(reason=f"privacy: {error}") from None


def section(given: Mapping[str, Any]) -> Privacy:
    """The section by itself; :class:`InvalidSpec`."""
    try:
        found = msgspec.convert(dict(given), Privacy)
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidSpec(reason=f"privacy: {str(error).replace(' - at `$.', ' - at `privacy.')}") from None
    if (found.epsilon is None) == (found.noise is None):
        raise InvalidSpec(reason="privacy names either epsilon or noise")
    return found


def _of_rounds(privacy: Privacy, options: Mapping[str, Any], workers: int) -> tuple[float, int]:
    """Each client takes part in a round with the probability ``options.sample``."""
    return float(options.get("sample", 1.0)), int(options.get("rounds", 10))


def _of_steps(privacy: Privacy, options: Mapping[str, Any], workers: int) -> tuple[float, int]:
    """A step takes ``batch`` rows for each worker on average, from all rows."""
    rows, together = _rows(privacy), _batch(options) * workers
    steps = options.get("steps") or int(options.get("epochs", 1)) * -(-rows // together)
    return min(1.0, together / rows), int(steps)


def _of_separate_steps(privacy: Privacy, options: Mapping[str, Any], workers: int) -> tuple[float, int]:
    """Each worker's step counts by itself: the parameters between two of them are not secret."""
    rows, batch = _rows(privacy), _batch(options)
    steps = options.get("steps") or int(options.get("epochs", 1)) * -(-rows // (batch * workers))
    return min(1.0, batch / rows), int(steps) * workers


def _as_said(privacy: Privacy, options: Mapping[str, Any], workers: int) -> tuple[float, int]:
    if privacy.sampling_rate is None or privacy.steps is None:
        raise ValueError("sampling_rate and steps are missing: what a run costs has to be known before it runs")
    return privacy.sampling_rate, privacy.steps


def _rows(privacy: Privacy) -> int:
    if privacy.rows is None:
        raise ValueError("rows is missing, the number of examples: what a run costs has to be known before it runs")
    return privacy.rows


def _batch(options: Mapping[str, Any]) -> int:
    return max(1, int(options.get("batch", 32)))
