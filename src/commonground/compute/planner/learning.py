"""Predicted beside measured: what a finished run teaches a profile."""

import msgspec

from commonground.compute.planner.model import Point, Profile, Workload
from commonground.compute.planner.predict import predict
from commonground.compute.planner.refine import refine


def learn(profile: Profile, workload: Workload, step: float) -> Profile:
    """``profile`` after ``workload`` took ``step`` seconds (> 0) a step on its machine.

    Runs over a link of the spec teach nothing about this machine and leave the profile as it is.
    """
    if not workload.shared:
        return profile
    plain = predict(msgspec.structs.replace(profile, points=[]), workload)
    point = Point(
        kind=workload.kind,
        transport=workload.transport,
        workers=workload.workers,
        step=step,
        predicted=plain.step,
    )
    return refine(profile, point)
