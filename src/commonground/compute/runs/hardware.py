"""Names for amounts of hardware, as jobs ask for it: ``cpu-basic:1:1GB`` of the settings, ``t4-small:4:15GB:1``."""

import msgspec

from commonground.compute.runs.units import bytes_of
from commonground.errors import InvalidSetting, InvalidSpec, JobUnsupported


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """What a process of a job gets; ``memory`` in bytes."""

    name: str
    cpus: float
    memory: int
    gpus: int = 0


def read_hardware(texts: tuple[str, ...]) -> dict[str, Hardware]:
    """The hardware of a setting, by name; :class:`InvalidSetting`."""
    found = (_read(text) for text in texts)
    return {hardware.name: hardware for hardware in found}


def named(hardware: dict[str, Hardware], name: str) -> Hardware:
    """One of them; :class:`JobUnsupported` names those there are."""
    if name not in hardware:
        raise JobUnsupported(what=f"hardware {name[:80]}, only {', '.join(hardware)}")
    return hardware[name]


def _read(text: str) -> Hardware:
    name, *amounts = text.split(":")
    try:
        cpus, memory, gpus = amounts if len(amounts) == 3 else (*amounts, "0")
        return Hardware(name=name, cpus=float(cpus), memory=bytes_of(memory, "memory"), gpus=int(gpus))
    except (ValueError, InvalidSpec):
        raise InvalidSetting(
            name="jobs_hardware", reason=f"{text} is not name:cpus:memory or name:cpus:memory:gpus"
        ) from None
