"""Which workers, servers and codec to use."""

from collections.abc import Callable, Iterator

import msgspec

from commonground.compute.planner.model import Codec, Goal, Plan, Prediction, Profile, Workload
from commonground.compute.planner.predict import at, predict
from commonground.compute.planner.surroundings import SERVED

CODECS: tuple[Codec, ...] = ("fp32", "bf16", "int8")

NOTICEABLE = 0.05
"""Of candidates this close to the best, the one with the fewest processes is recommended."""

_LOSSES: dict[Goal, Callable[[Prediction], float]] = {
    "time": lambda found: found.wall,
    "efficiency": lambda found: 1 / found.efficiency,
    "cost": lambda found: found.cost,
}


def plan(profile: Profile, workload: Workload) -> Plan:
    """What was asked for, the best of all candidates, and the curve of the spec over the number of workers."""
    asked = predict(profile, workload)
    return Plan(
        machine=profile.machine,
        asked=asked,
        recommended=recommend(profile, workload),
        curve=[predict(profile, at(workload, workers)) for workers in _sizes(workload)],
    )


def recommend(profile: Profile, workload: Workload) -> Prediction:
    """The best candidate by ``maximize`` that keeps the deadline; where none keeps it, the quickest.

    Candidates that diverge or do not fit are left out unless there are no others.
    """
    found = [predict(profile, candidate) for candidate in candidates(workload)]
    found = [one for one in found if _sound(one)] or found
    in_time = [one for one in found if not workload.deadline or one.wall <= workload.deadline]
    loss = _LOSSES[workload.maximize if in_time else "time"]
    best = min(loss(one) for one in in_time or found)
    close = [one for one in in_time or found if loss(one) <= (1 + NOTICEABLE) * best]
    return min(close, key=lambda one: (one.workers + one.servers, one.wall))


def candidates(workload: Workload) -> Iterator[Workload]:
    """Powers of two of workers and servers, and every codec that this kind can use."""
    served = workload.kind in SERVED
    in_memory = served and workload.shared and workload.transport == "shared-memory"
    for codec in CODECS[:1] if in_memory else CODECS:
        for workers in _powers(workload.max_workers):
            for servers in _powers(workers) if served else [1]:
                yield msgspec.structs.replace(workload, workers=workers, servers=servers, codec=codec)


def _sound(found: Prediction) -> bool:
    return not any(warning.startswith(("diverges", "does not fit")) for warning in found.warnings)


def _powers(largest: int) -> list[int]:
    return [*(2**power for power in range(largest.bit_length()) if 2**power < largest), largest]


def _sizes(workload: Workload) -> list[int]:
    return sorted({*_powers(workload.max_workers), workload.workers})
