"""What the processes of a workload run on: links and memory, with the processor time they cost."""

import msgspec

from commonground.compute.planner.model import Codec, Exchange, Kind, Profile, Workload

SERVED: frozenset[Kind] = frozenset({"ps-sync", "ps-async"})
"""Kinds with parameter servers."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the machine or network that a workload meets."""

    latency: float
    bandwidth: float
    """Bytes/s of each worker and each server, each way."""
    apply: float
    """Bytes/s of memory that applies gradients, of each of the servers at once."""
    processor: float
    """Processor seconds a byte sent costs."""
    coding: float
    """Bytes/s of 32-bit floats encoded."""
    cores: int
    """Processors that all processes share; 0 where each has its own."""
    peak: float
    half: float
    in_memory: bool
    """Gradients and weights are handed over in shared memory, not sent."""
    exchange: Exchange | None
    """A push and pull as measured, where processes share the machine."""
    together: float
    """Bytes/s of memory for all processors of the machine; 0 where each process has its own."""


def meet(profile: Profile, workload: Workload) -> Surroundings:
    """What ``workload`` runs on, by the profile or by the link it names."""
    in_memory = workload.shared and workload.transport == "shared-memory" and workload.kind in SERVED
    link = workload.link or profile.loopback
    servers = workload.servers if workload.kind in SERVED else 1
    return Surroundings(
        latency=link.latency,
        bandwidth=link.bandwidth,
        apply=min(profile.apply, profile.apply_together / servers) if workload.shared else profile.apply,
        processor=0.0 if in_memory else profile.loopback.processor,
        coding=profile.codecs[used_codec(workload, in_memory=in_memory)],
        cores=profile.cores if workload.shared else 0,
        peak=profile.rate.peak * min(1.0, workload.cpus / profile.cores),
        half=profile.rate.half,
        in_memory=in_memory,
        exchange=profile.exchanges.get(workload.transport) if workload.shared else None,
        together=profile.apply_together if workload.shared else 0.0,
    )


def used_codec(workload: Workload, *, in_memory: bool) -> Codec:
    """In shared memory nothing is encoded."""
    return "fp32" if in_memory else workload.codec
