from commonground.compute.planner.recommend import plan, recommend
from tests.compute.planner.machines import PROFILE, workload


def test_on_a_slow_link_gradients_are_compressed_and_servers_added() -> None:
    found = recommend(PROFILE, workload(parameters=100e6))
    assert found.codec == "int8"
    assert found.servers > 1


def test_where_more_workers_do_not_help_the_fewest_processes_are_chosen() -> None:
    found = recommend(PROFILE, workload(kind="ps-async", parameters=100e6, shared=True))
    assert (found.workers, found.servers) < (16, 16)


def test_the_goal_and_the_deadline_decide() -> None:
    job = {"parameters": 1e6, "price": 1.0, "mtbf": 0}
    quick = recommend(PROFILE, workload(**job, maximize="time"))
    cheap = recommend(PROFILE, workload(**job, maximize="cost"))
    assert quick.wall < cheap.wall
    assert cheap.cost <= quick.cost
    between = (quick.wall + cheap.wall) / 2
    pressed = recommend(PROFILE, workload(**job, maximize="cost", deadline=between))
    assert pressed.wall <= between
    assert cheap.cost <= pressed.cost <= quick.cost


def test_an_impossible_deadline_gets_the_quickest() -> None:
    quick = recommend(PROFILE, workload(maximize="time"))
    assert recommend(PROFILE, workload(maximize="cost", deadline=1e-3)).wall == quick.wall


def test_what_diverges_is_not_recommended() -> None:
    found = recommend(PROFILE, workload(kind="ps-async", learning_rate=0.4, parameters=1e4))
    assert found.workers <= 9  # 1.2 / sqrt(1 + tau) >= 0.4


def test_the_curve_has_the_size_that_was_asked_for() -> None:
    found = plan(PROFILE, workload(workers=6, max_workers=12))
    assert [point.workers for point in found.curve] == [1, 2, 4, 6, 8, 12]
    assert found.asked in found.curve
