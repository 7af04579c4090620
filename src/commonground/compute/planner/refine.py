"""A profile learns from finished runs: how far the model was off on this machine, kind by kind."""

import math

import msgspec

from commonground.compute.planner.kinds import Step
from commonground.compute.planner.model import Kind, Point, Profile

KEPT = 32
"""Points of each kind that are kept; older ones are forgotten."""
PRIOR = 1.0
"""How many points the uncorrected model counts for."""


def refine(profile: Profile, point: Point) -> Profile:
    """``profile`` with one more finished run, and the calibrated size it reached."""
    same = [old for old in profile.points if old.kind == point.kind][-(KEPT - 1) :]
    others = [old for old in profile.points if old.kind != point.kind]
    return msgspec.structs.replace(profile, points=[*others, *same, point], workers=max(profile.workers, point.workers))


def correction(profile: Profile, kind: Kind) -> float:
    """What predicted steps of ``kind`` are multiplied by: the geometric mean of measured over predicted.

    ``predicted`` of a point is what the model said uncorrected; the model itself counts as :data:`PRIOR` points
    that were right, so that one odd run does not turn it over.
    """
    ratios = [math.log(point.step / point.predicted) for point in profile.points if point.kind == kind]
    return math.exp(sum(ratios) / (len(ratios) + PRIOR))


def corrected(profile: Profile, kind: Kind, step: Step) -> Step:
    """``step`` with its time as finished runs have shown it; its bounds stay those of the model."""
    factor = correction(profile, kind)
    return msgspec.structs.replace(
        step,
        time=step.time * factor,
        computation=step.computation * factor,
        communication=step.communication * factor,
    )
