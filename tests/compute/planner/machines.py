"""Profiles and workloads for tests."""

from typing import Any

import msgspec

from commonground.compute.planner.model import Link, Profile, Rate, Workload

PROFILE = Profile(
    machine="0123456789abcdef",
    date="2026-01-01T00:00:00+00:00",
    version="0",
    load=0.0,
    cores=64,
    memory=256e9,
    copy=10e9,
    apply=12e9,
    apply_together=20e9,
    rate=Rate(peak=100e9, half=1e6),
    loopback=Link(latency=5e-6, bandwidth=3e9, processor=5e-10),
    codecs={"fp32": 10e9, "bf16": 4e9, "int8": 3e9, "top-k": 0.5e9},
    workers=16,
)
GIGABIT = Link(latency=1e-4, bandwidth=125e6)


def workload(**changes: Any) -> Workload:
    """10M parameters, 10 ms of computation a step, each process on a machine of its own behind 1 Gbit."""
    base: dict[str, Any] = {
        "kind": "ps-sync",
        "parameters": 10e6,
        "samples": 320_000,
        "fixed": 0.01,
        "shared": False,
        "link": GIGABIT,
    }
    return Workload(**(base | changes))


def profile(**changes: Any) -> Profile:
    """A machine with other numbers."""
    return msgspec.structs.replace(PROFILE, **changes)
