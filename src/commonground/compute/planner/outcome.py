"""What the planner has to do with a run: choose its size before, compare and learn after."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.planner import profiles
from commonground.compute.planner.learning import learn
from commonground.compute.planner.model import Kind, Prediction, Workload
from commonground.compute.planner.predict import predict
from commonground.compute.planner.recommend import recommend
from commonground.compute.planner.spec import workload_of

KINDS: frozenset[Kind] = frozenset({"ps-sync", "ps-async", "all-reduce", "federated"})
"""Kinds of runs the planner knows."""
MEASURES = ("parameters", "gradient_seconds", "step_seconds")
"""Metrics a run reports at its end for the planner: seconds are medians of a worker."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run beside what was expected of it, in seconds a step; the bounds are the model's."""

    predicted: float
    measured: float
    lower: float
    upper: float
    efficiency: float
    computation: float
    communication: float


def compare(path: Path, document: Mapping[str, Any], measured: Mapping[str, float]) -> Comparison | None:
    """What the machine's profile says of a run of ``document`` whose :data:`MEASURES` are known; the profile learns from it.

    ``None`` where the planner does not know the kind, a measure is missing or there is no profile of this machine.
    """
    if document.get("kind") not in KINDS or not all(measured.get(name, 0) > 0 for name in MEASURES):
        return None
    if not path.exists():
        return None
    profile, workload = profiles.load(path), _measured_workload(document, measured)
    found, step = predict(profile, workload), measured["step_seconds"]
    profiles.save(learn(profile, workload, step), path)
    return Comparison(
        predicted=found.step,
        measured=step,
        lower=found.lower,
        upper=found.upper,
        efficiency=found.efficiency,
        computation=found.computation,
        communication=found.communication,
    )


def choose(path: Path, document: Mapping[str, Any]) -> Prediction | None:
    """The size and codec the planner chooses where ``plan.maximize`` asks for it; ``None`` where it does not.

    :class:`InvalidSpec` for what the planner cannot read, :class:`InvalidProfile` where this machine was not calibrated.
    """
    if document.get("kind") not in KINDS or "maximize" not in (document.get("plan") or {}):
        return None
    return recommend(profiles.load(path), workload_of(document))


def _measured_workload(document: Mapping[str, Any], measured: Mapping[str, float]) -> Workload:
    known = {"parameters": measured["parameters"], "fixed": measured["gradient_seconds"], "per_sample": 0}
    plan = {**(document.get("plan") or {}), **known}
    ps = document.get("ps") or {}
    if not ps.get("shared_memory", True):
        plan["transport"] = "socket"
    return workload_of({**document, "plan": plan})
