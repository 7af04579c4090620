import pytest

from commonground.compute.planner.learning import learn
from commonground.compute.planner.model import Point
from commonground.compute.planner.predict import predict
from commonground.compute.planner.refine import KEPT, correction, refine
from tests.compute.planner.machines import PROFILE, workload


def point(step: float, workers: int = 4) -> Point:
    return Point(kind="ps-sync", transport="shared-memory", workers=workers, step=step, predicted=1.0)


def test_finished_runs_move_predictions_of_their_kind_towards_what_was_measured() -> None:
    learnt = PROFILE
    for _ in range(20):
        learnt = refine(learnt, point(1.5))
    before, after = (predict(one, workload(workers=4, shared=True)) for one in (PROFILE, learnt))
    assert after.step == pytest.approx(before.step * 1.5, rel=0.03)
    assert any("outside the two bounds" in warning for warning in after.warnings)
    other = workload(kind="all-reduce", workers=4, shared=True)
    assert predict(learnt, other).step == predict(PROFILE, other).step


def test_a_single_run_counts_four_fifths() -> None:
    assert correction(refine(PROFILE, point(4.0)), "ps-sync", "shared-memory") == pytest.approx(4**0.8)


def test_the_calibrated_size_grows_with_what_was_run() -> None:
    assert refine(PROFILE, point(1.0, 40)).workers == 40
    assert refine(PROFILE, point(1.0, 2)).workers == PROFILE.workers


def test_points_are_bounded_and_the_newest_stay() -> None:
    learnt = PROFILE
    for number in range(KEPT + 5):
        learnt = refine(learnt, point(1.0 + number))
    assert [one.step for one in learnt.points] == [1.0 + number for number in range(5, KEPT + 5)]


def test_a_machine_that_is_half_as_quick_as_it_looked_is_learnt_from_small_runs() -> None:
    """What three runs of one worker taught predicts four workers."""
    learnt, small = PROFILE, workload(shared=True)
    for _ in range(3):
        learnt = learn(learnt, small, 2 * predict(PROFILE, small).step)
    large = workload(shared=True, workers=4)
    assert predict(learnt, large).step == pytest.approx(2 * predict(PROFILE, large).step, rel=0.2)


def test_what_ran_elsewhere_or_another_way_teaches_nothing() -> None:
    assert learn(PROFILE, workload(), 1.0) is PROFILE
    over_sockets = learn(PROFILE, workload(shared=True, transport="socket"), 9.0)
    assert correction(over_sockets, "ps-sync", "shared-memory") == 1
    assert correction(over_sockets, "ps-sync", "socket") > 1
