"""Step times that others measured and published, in the folder of CG_TEST_DATA (default: ../shared/data), and the TensorFlow table."""

import csv
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from commonground.compute.planner.fit import Array
from commonground.compute.planner.laws.overlap import Steps
from commonground.compute.planner.laws.parallel import Layout

POLLUX = ("bert", "cifar10", "deepspeech2", "imagenet", "ncf", "yolov3")


class TensorFlow(NamedTuple):
    """A row of tensorflow.org's benchmarks: p2.8xlarge, 8 K80 and 10 GbE a host, synchronous, parameter servers on the hosts."""

    model: str
    size: float  # bytes
    batch: int  # a GPU
    servers: dict[int, int]  # by hosts
    images: dict[int, float]  # images/s by GPUs


TENSORFLOW = (
    TensorFlow("InceptionV3", 95e6, 64, {2: 2, 4: 4, 8: 6}, {8: 229, 16: 459, 32: 902, 64: 1783}),
    TensorFlow("ResNet-50", 102e6, 64, {2: 2, 4: 4, 8: 8}, {8: 378, 16: 751, 32: 1388, 64: 2744}),
    TensorFlow("ResNet-152", 241e6, 32, {2: 2, 4: 4, 8: 4}, {8: 146, 16: 291, 32: 565, 64: 981}),
)
TENSORFLOW_LINK = 0.9 * 10e9 / 8
"""Bytes/s that TCP leaves of 10 GbE."""


def folder() -> Path | None:
    """Where the files are, or None."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    found = Path(os.environ.get("CG_TEST_DATA") or beside) / "ground_truth"
    return found if found.is_dir() else None


def vtrain(name: str) -> tuple[Layout, Array]:
    """Layouts and measured seconds of ``vtrain_{name}.csv``: multi or single (node)."""
    rows = _rows(f"vtrain_{name}.csv")
    layout = Layout(
        hidden=_column(rows, "hidden size"),
        heads=_column(rows, "attention heads"),
        layers=_column(rows, "# layers"),
        sequence=_column(rows, "sequence length"),
        tensor=_column(rows, "tensor parallelism"),
        data=_column(rows, "data parallelism"),
        pipeline=_column(rows, "pipeline parallelism"),
        global_batch=_column(rows, "global batch"),
        micro_batch=_column(rows, "micro batch"),
    )
    return layout, _column(rows, "iteration time (ms)") / 1e3


def pollux_placements(model: str) -> tuple[Steps, Array]:
    """Steps on 1 to 4 nodes and their seconds; a placement ``124`` is 1, 2 and 4 GPUs on three nodes."""
    rows = _rows(f"pollux_{model}_placements.csv")
    nodes = np.array([len(row["placement"]) for row in rows], dtype=float)
    replicas = np.array([sum(map(int, row["placement"])) for row in rows], dtype=float)
    return Steps(nodes, replicas, _column(rows, "local_bsz")), _column(rows, "step_time")


def pollux_scalability(model: str) -> tuple[Steps, Array]:
    """Steps on 6 to 16 nodes and their seconds."""
    rows = _rows(f"pollux_{model}_scalability.csv")
    steps = Steps(_column(rows, "num_nodes"), _column(rows, "num_replicas"), _column(rows, "local_bsz"))
    return steps, _column(rows, "step_time")


def _rows(name: str) -> list[dict[str, str]]:
    root = folder()
    if root is None:
        raise FileNotFoundError("set CG_TEST_DATA to the folder that holds ground_truth/")
    with (root / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _column(rows: list[dict[str, str]], name: str) -> Array:
    return np.array([float(row[name]) for row in rows])
