"""Which machine this is: what its hardware says of itself."""

import hashlib
import os
import platform
from pathlib import Path


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def fingerprint() -> str:
    """A name for this hardware: equal machines have equal names, and a restart changes nothing."""
    parts = [platform.system(), platform.machine(), _processor(), str(cores()), str(round(memory() / 2**30))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if not listing.exists():
        return platform.processor()
    lines = (line.partition(":") for line in listing.read_text(errors="replace").splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == "model name"), platform.processor())
