"""Rows of results and the machine they were measured on."""

import datetime as dt
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from bench import memory

RESULTS = Path(__file__).parent / "results"


class Row(msgspec.Struct, kw_only=True):
    """One figure: the median of its runs, and what it was compared with."""

    name: str
    value: float
    unit: str
    better: Literal["higher", "lower"]
    runs: list[float]
    peers: dict[str, float] = {}
    command: str = ""


Measure = Callable[[], list[Row]]


def row(
    name: str,
    runs: Sequence[float],
    unit: str,
    better: Literal["higher", "lower"],
    peers: dict[str, float] | None = None,
) -> Row:
    """A row whose value is the median of ``runs``."""
    return Row(
        name=name,
        value=_short(statistics.median(runs)),
        unit=unit,
        better=better,
        runs=[_short(run) for run in runs],
        peers={peer: _short(value) for peer, value in (peers or {}).items()},
    )


def interleave(ours: Callable[[], float], peer: Callable[[], float], times: int = 3) -> tuple[list[float], list[float]]:
    """Both measured in turn, so that a drift of the machine meets both; a warm-up of each is thrown away."""

    def run(measure: Callable[[], float]) -> float:
        memory.ready()
        return measure()

    ours(), peer()
    pairs = [(run(ours), run(peer)) for _ in range(times)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def write(area: str, rows: Sequence[Row]) -> Path:
    """Merge ``rows`` into the area's file: a row measured again replaces the older one."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{area}.json"
    old = json.loads(path.read_text())["rows"] if path.exists() else []
    for item in rows:
        item.command = f"make bench AREA={area}"
    names = {item.name for item in rows}
    merged = [item for item in old if item["name"] not in names] + [msgspec.to_builtins(item) for item in rows]
    document = {
        "area": area,
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "commit": _commit(),
        "rows": merged,
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path


def _machine() -> dict[str, object]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "load": round(os.getloadavg()[0], 2),
    }


def _commit() -> str:
    run = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return run.stdout.strip()


def _short(value: float) -> float:
    return float(f"{value:.4g}")
