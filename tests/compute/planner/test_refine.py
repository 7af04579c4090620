import pytest

from commonground.compute.planner.model import Point
from commonground.compute.planner.predict import predict
from commonground.compute.planner.refine import KEPT, correction, refine
from tests.compute.planner.machines import PROFILE, workload


def point(step: float, workers: int = 4) -> Point:
    return Point(kind="ps-sync", workers=workers, step=step, predicted=1.0)


def test_finished_runs_move_predictions_of_their_kind_towards_what_was_measured() -> None:
    learnt = PROFILE
    for _ in range(20):
        learnt = refine(learnt, point(1.5))
    before, after = (predict(one, workload(workers=4)) for one in (PROFILE, learnt))
    assert after.step == pytest.approx(before.step * 1.5, rel=0.03)
    assert any("outside the two bounds" in warning for warning in after.warnings)
    other = workload(kind="all-reduce", workers=4)
    assert predict(learnt, other).step == predict(PROFILE, other).step


def test_one_odd_run_counts_half() -> None:
    assert correction(refine(PROFILE, point(4.0)), "ps-sync") == pytest.approx(2.0)


def test_the_calibrated_size_grows_with_what_was_run() -> None:
    assert refine(PROFILE, point(1.0, 40)).workers == 40
    assert refine(PROFILE, point(1.0, 2)).workers == PROFILE.workers


def test_points_are_bounded_and_the_newest_stay() -> None:
    learnt = PROFILE
    for number in range(KEPT + 5):
        learnt = refine(learnt, point(1.0 + number))
    assert [one.step for one in learnt.points] == [1.0 + number for number in range(5, KEPT + 5)]
