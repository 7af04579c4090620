"""How far the planner is off published step times."""

import statistics

import numpy as np

from bench import ground_truth
from bench.report import Row, row
from commonground.compute.planner.equations import communication
from commonground.compute.planner.fit import cross_validated, mape
from commonground.compute.planner.laws.overlap import OverlapLaw

SEEDS = range(5)
ROUNDING = 0.5
"""Images a second that the published, whole numbers may be off."""


def planner() -> list[Row]:
    """Cross-validation on vTrain, extrapolation on Pollux, the two bounds on TensorFlow's table.

    Without CG_TEST_DATA only the last, whose data is here.
    """
    inside, hidden, serial = tensorflow()
    peers = {"overlapped_mape": hidden, "serial_mape": serial}
    rows = [row("planner_tf_inside_bounds", [inside], "ratio", "higher", peers)]
    return rows if ground_truth.folder() is None else [*rows, *_files()]


def _files() -> list[Row]:
    multi, single = vtrain("multi"), vtrain("single")
    models = {model: pollux(model) for model in ground_truth.POLLUX}
    return [
        row("planner_vtrain_cv_mape", multi, "%", "lower", {"single_node": statistics.median(single)}),
        row("planner_pollux_mape", [statistics.mean(models.values())], "%", "lower", models),
    ]


def vtrain(name: str) -> list[float]:
    """MAPE of five-fold cross-validation, for five shuffles."""
    layout, measured = ground_truth.vtrain(name)
    terms = layout.terms()
    return [mape(cross_validated(terms, measured, seed=seed), measured) for seed in SEEDS]


def pollux(model: str) -> float:
    """MAPE on 6 to 16 nodes of a law that has seen 1 to 4."""
    law = OverlapLaw.fit(*ground_truth.pollux_placements(model))
    steps, measured = ground_truth.pollux_scalability(model)
    return mape(law.predict(steps), measured)


def tensorflow() -> tuple[float, float, float]:
    """Share of the table inside the two bounds, and the MAPE of each bound; only the row of one host is known."""
    rows = [point for table in ground_truth.TENSORFLOW for point in tensorflow_bounds(table)]
    low, measured, high = (np.array(column) for column in zip(*rows, strict=True))
    inside = float(((low <= measured) & (measured <= high)).mean())
    return inside, mape(1 / low, 1 / measured), mape(1 / high, 1 / measured)


def tensorflow_bounds(table: ground_truth.TensorFlow) -> list[tuple[float, float, float]]:
    """Seconds of a step on 2, 4 and 8 hosts: all communication hidden, measured, none hidden."""
    shortest, longest = (8 * table.batch / (table.images[8] + error) for error in (ROUNDING, -ROUNDING))
    found = []
    for hosts, servers in table.servers.items():
        both_ways = communication.colocated(
            workers=hosts, servers=servers, model=table.size, bandwidth=ground_truth.TENSORFLOW_LINK
        )
        measured = 8 * hosts * table.batch / table.images[8 * hosts]
        found.append((max(shortest, both_ways / 2), measured, longest + both_ways))
    return found
