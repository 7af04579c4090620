"""The planner's part in runs: the size of those that leave it to the planner, and what was foretold of those that finished."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from commonground.compute.planner import profiles
from commonground.compute.planner.outcome import Comparison, choose, compare
from commonground.compute.runs.model import Spec
from commonground.errors import CommongroundError
from commonground.telemetry import logger


def profile_path(given: Path | None) -> Path:
    """Where the profile of this machine is; by default where ``train calibrate`` writes it."""
    return given or profiles.default_path()


def sized(spec: Spec, path: Path) -> Spec:
    """``spec`` with the workers, servers and codec the planner chooses, where ``plan.maximize`` asks for that.

    :class:`InvalidSpec` for a plan that cannot be read, :class:`InvalidProfile` where this machine was not calibrated.
    """
    chosen = choose(path, msgspec.to_builtins(spec))
    if chosen is None:
        return spec
    resources = msgspec.structs.replace(spec.resources, workers=chosen.workers, servers=chosen.servers)
    codec = {"codec": chosen.codec} if chosen.servers else {}
    return msgspec.structs.replace(spec, resources=resources, ps={**spec.ps, **codec})


def compared(spec: Spec, measured: Mapping[str, float], path: Path) -> Comparison | None:
    """What the planner had foretold of a run that reached its end, which the profile learns; ``None`` where it cannot say.
    ``measured`` are the run's own :data:`MEASURES`.
    """
    try:
        return compare(path, msgspec.to_builtins(spec), measured)
    except CommongroundError as error:  # another machine's profile, a plan nobody can read: the run is none the worse
        logger().warning("a run was not compared with its plan", name=spec.name, error=str(error))
        return None
