"""Published step times, predicted. The bounds are those the documentation promises."""

import statistics

import pytest
from bench import ground_truth, planner

published = pytest.mark.skipif(
    ground_truth.folder() is None, reason="set CG_TEST_DATA to the folder of published step times"
)


@published
def test_vtrains_runs_on_64_to_512_gpus_within_9_percent_cross_validated() -> None:
    assert max(planner.vtrain("multi")) <= 9


@published
def test_pollux_on_6_to_16_nodes_within_11_percent_after_1_to_4() -> None:
    assert statistics.mean(map(planner.pollux, ground_truth.POLLUX)) <= 11


@pytest.mark.parametrize("table", ground_truth.TENSORFLOW, ids=lambda table: table.model)
def test_tensorflows_parameter_servers_are_between_the_two_bounds(table: ground_truth.TensorFlow) -> None:
    for low, measured, high in planner.tensorflow_bounds(table):
        assert low <= measured <= high
