"""What the section ``options`` of a federated run says."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from commonground.compute.runs.units import seconds_of
from commonground.errors import InvalidSpec
from commonground.training.federated.partition import Iid, Partition
from commonground.training.federated.secure_aggregation.quantisation import MAX_CLIENTS
from commonground.training.federated.strategy import FedAvg, Strategy
from commonground.training.options import section
from commonground.training.privacy.plan import Privacy, PrivacyPlan, plan_of


class SecureAggregation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``clip``: largest magnitude of an element of an update; larger ones are cut off. ``threshold``: the share of the
    clients of a round without whom it cannot be finished.
    """

    clip: float = 8.0
    threshold: float = 0.5


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``epochs`` and ``batch`` are of a client's training in one round; ``sample`` is the share of the clients that take part in a
    round, ``quorum`` the share of those that must answer within ``deadline`` seconds. ``clipping`` and ``round_cost`` are read by the
    planner alone. ``program`` is for the entry.
    """

    clients: int = 10
    rounds: int = 10
    epochs: int = 1
    batch: int = 32
    learning_rate: float = 0.1
    sample: float = 1.0
    partition: Partition = msgspec.field(default_factory=Iid)
    strategy: Strategy = msgspec.field(default_factory=FedAvg)
    deadline: float = 600.0
    quorum: float = 0.5
    evaluate_every: int = 1
    secure_aggregation: SecureAggregation | None = None
    clipping: float = 1.0
    round_cost: float | str = 0.0
    program: dict[str, Any] = {}

    @property
    def sampled(self) -> int:
        """Clients of a round, where their number is fixed."""
        return max(1, round(self.sample * self.clients))


def quorum_of(share: float, clients: int) -> int:
    """How many of ``clients`` are enough."""
    return max(1, math.ceil(share * clients))


def read(specification: Mapping[str, Any]) -> tuple[Options, PrivacyPlan | None]:
    """The options in a specification, and what it promises; :class:`InvalidSpec` names what cannot be meant."""
    given = {name: _named(name, value) for name, value in (specification.get("options") or {}).items()}
    if "deadline" in given:
        given["deadline"] = seconds_of(given["deadline"], "options.deadline")
    if given.get("secure_aggregation") is True:
        given["secure_aggregation"] = {}
    options = section({"options": given}, "options", Options)
    private = plan_of(specification)
    _check(options, private.privacy if private else None)
    return options, private


def _named(name: str, value: Any) -> Any:
    return {"name": value} if name in {"partition", "strategy"} and isinstance(value, str) else value


def _check(options: Options, privacy: Privacy | None) -> None:
    secure = options.secure_aggregation
    for good, meaning in [
        (1 <= options.clients <= 100_000, "clients are 1 to 100000"),
        (min(options.rounds, options.epochs, options.batch, options.evaluate_every) >= 1,
         "rounds, epochs, batch and evaluate_every are 1 or more"),
        (0 < options.sample <= 1, "sample is a share above 0, at most 1"),
        (0 < options.quorum <= 1, "quorum is a share above 0, at most 1"),
        (options.deadline > 0, "deadline is more than 0"),
        (options.learning_rate > 0 and math.isfinite(options.learning_rate), "learning_rate is more than 0"),
        (secure is None or (secure.clip > 0 and 0 < secure.threshold <= 1),
         "secure_aggregation.clip is more than 0, its threshold a share"),
        (secure is None or options.clients <= MAX_CLIENTS, f"secure aggregation takes at most {MAX_CLIENTS} clients"),
        (secure is None or privacy is not None or options.sampled >= 3,
         "secure aggregation needs 3 clients in a round: of a sum of two each knows the other's part"),
        (privacy is None or privacy.mode == "client", "privacy.mode of a federated run is client"),
    ]:  # fmt: skip
        if not good:
            raise InvalidSpec(reason=meaning)
