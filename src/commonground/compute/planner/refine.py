"""A profile learns from finished runs: how far the model was off on this machine, kind by kind."""

import math

import msgspec

from commonground.compute.planner.kinds import Step
from commonground.compute.planner.model import Kind, Point, Profile, Transport, Workload

KEPT = 32
"""Points of each kind and transport that are kept; older ones are forgotten."""
PRIOR = 0.25
"""How many points the uncorrected model counts for."""


def refine(profile: Profile, point: Point) -> Profile:
    """``profile`` with one more finished run, and the calibrated size it reached."""
    like = _like(profile, point.kind, point.transport)
    others = [old for old in profile.points if old not in like]
    return msgspec.structs.replace(
        profile, points=[*others, *like[-(KEPT - 1) :], point], workers=max(profile.workers, point.workers)
    )


def correction(profile: Profile, kind: Kind, transport: Transport) -> float:
    """What predicted steps of ``kind`` are multiplied by: the geometric mean of measured over predicted.

    The model itself counts as :data:`PRIOR` points that were right, so that one odd run does not turn it over.
    """
    ratios = [math.log(point.step / point.predicted) for point in _like(profile, kind, transport)]
    return math.exp(sum(ratios) / (len(ratios) + PRIOR))


def corrected(profile: Profile, workload: Workload, step: Step) -> Step:
    """``step`` with its time as finished runs on this machine have shown it; its bounds stay those of the model."""
    factor = correction(profile, workload.kind, workload.transport) if workload.shared else 1.0
    return msgspec.structs.replace(
        step,
        time=step.time * factor,
        computation=step.computation * factor,
        communication=step.communication * factor,
    )


def _like(profile: Profile, kind: Kind, transport: Transport) -> list[Point]:
    return [point for point in profile.points if (point.kind, point.transport) == (kind, transport)]
