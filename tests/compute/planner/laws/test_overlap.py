import numpy as np
import pytest

from commonground.compute.planner.fit import mape
from commonground.compute.planner.laws.overlap import OverlapLaw, Steps


def steps(nodes: int) -> Steps:
    grid = [(n, n * gpus, batch) for n in range(1, nodes + 1) for gpus in (1, 2, 4) for batch in (8, 16, 32, 64)]
    return Steps(*np.array(grid, dtype=float).T)


@pytest.mark.parametrize("gamma", [1.0, 2.0, 5.0])
def test_a_law_is_found_from_its_own_steps(gamma: float) -> None:
    law = OverlapLaw(gamma, np.array([0.02, 0.004]), np.array([0.001, 0.03, 0.005, 0.04, 0.002]))
    measured = law.predict(steps(4))
    found = OverlapLaw.fit(steps(4), measured)
    assert found.gamma == gamma
    assert mape(found.predict(steps(4)), measured) < 0.5
    assert mape(found.predict(steps(16)), law.predict(steps(16))) < 2


def test_latency_stays_bounded_by_a_logarithm() -> None:
    """Twice the nodes add what one doubling adds, however many there are."""
    law = OverlapLaw(1.0, np.array([0.0, 0.0]), np.array([0.0, 0.0, 0.0, 0.0, 0.01]))
    nodes = np.array([2.0**power for power in range(1, 11)])
    assert np.diff(law.predict(Steps(nodes, nodes, np.ones(10)))) == pytest.approx(0.01)


def test_one_replica_sends_nothing() -> None:
    one = Steps(np.ones(1), np.ones(1), np.ones(1))
    assert not one.network().any()
