"""From a workload and a machine to a prediction of the whole run."""

import msgspec

from commonground.compute.planner.equations import computation, failures
from commonground.compute.planner.kinds import Step, computation_of, step_of
from commonground.compute.planner.ledger import Ledger
from commonground.compute.planner.model import Prediction, Profile, Workload
from commonground.compute.planner.refine import corrected
from commonground.compute.planner.stability import staleness_of
from commonground.compute.planner.surroundings import SERVED, meet, used_codec

TRUSTED = 2
"""A prediction holds up to this many times the calibrated number of workers."""
NO_PROGRESS = 0.99
"""The largest share of waste that is still divided by."""


def predict(profile: Profile, workload: Workload) -> Prediction:
    """What ``workload`` does on the machine of ``profile`` (or over its own link), with every equation used."""
    ledger, around = Ledger(), meet(profile, workload)
    step = corrected(profile, workload, step_of(workload, around, ledger))
    staleness, warnings = staleness_of(workload, ledger)
    throughput = step.samples / step.time
    single = workload.batch / (workload.clipping * computation_of(workload, around, Ledger()))
    processes = _processes(workload)
    waste, interval = _failures(workload, processes, ledger)
    wall = workload.samples * workload.epochs / throughput / (1 - min(waste, NO_PROGRESS))
    return Prediction(
        kind=workload.kind,
        workers=workload.workers,
        servers=workload.servers if workload.kind in SERVED else 0,
        codec=used_codec(workload, in_memory=around.in_memory),
        step=step.time,
        lower=step.lower,
        upper=step.upper,
        computation=step.computation,
        communication=step.communication,
        idle=max(0.0, step.time - step.computation - step.communication),
        throughput=throughput,
        efficiency=ledger(computation.efficiency, rate=throughput, workers=workload.workers, single=single),
        busy=ledger(computation.utilisation, busy=step.computation, step=step.time),
        network=ledger(computation.utilisation, busy=step.wire, step=step.time),
        server=ledger(computation.utilisation, busy=step.serving, step=step.time),
        wall=wall,
        cost=workload.price * processes * wall / 3600,
        waste=waste,
        checkpoint_interval=interval,
        staleness=staleness,
        terms=ledger.terms,
        warnings=_warnings(profile, workload, step, waste) + warnings,
    )


def at(workload: Workload, workers: int) -> Workload:
    """The same job with another number of workers, and at most as many servers."""
    return msgspec.structs.replace(workload, workers=workers, servers=min(workload.servers, workers))


def _processes(workload: Workload) -> int:
    extra = {"ps-sync": workload.servers, "ps-async": workload.servers, "federated": 1, "all-reduce": 0}
    return workload.workers + extra[workload.kind]


def _failures(workload: Workload, processes: int, ledger: Ledger) -> tuple[float, float]:
    """Share of time wasted, and seconds between checkpoints; 0 and 0 where nothing fails or nothing is written."""
    if not (workload.mtbf and workload.checkpoint):
        return 0.0, 0.0
    mtbf = ledger(failures.mean_time_between_failures, single=workload.mtbf, processes=processes)
    interval = ledger(failures.daly_interval, checkpoint=workload.checkpoint, mtbf=mtbf)
    waste = ledger(
        failures.waste, checkpoint=workload.checkpoint, interval=interval, restart=workload.restart, mtbf=mtbf
    )
    return waste, interval


def _warnings(profile: Profile, workload: Workload, step: Step, waste: float) -> list[str]:
    found = []
    if workload.workers > TRUSTED * profile.workers:
        found.append(
            f"extrapolating beyond {TRUSTED}x the measured size: {workload.workers} workers, {profile.workers} measured"
        )
    if not workload.shared:
        found.append("the link is taken from the spec, not measured")
    if profile.load > profile.cores:
        found.append(f"the machine was busy when it was calibrated: load {profile.load:.1f} on {profile.cores} cores")
    if waste >= NO_PROGRESS:
        found.append("makes no progress: failures come faster than work is saved")
    copies = (2 * workload.workers + 2) * 4 * workload.parameters if workload.shared else 12 * workload.parameters
    if workload.shared and copies > profile.memory:
        found.append(f"does not fit: weights and gradients take {copies / 1e9:.1f} GB of {profile.memory / 1e9:.1f}")
    if step.time > step.upper * (1 + 1e-9) or step.time < step.lower * (1 - 1e-9):
        found.append("what finished runs measured lies outside the two bounds of the model")
    return found
