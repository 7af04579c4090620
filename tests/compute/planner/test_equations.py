import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.planner.equations import (
    asynchrony,
    catalogue,
    communication,
    computation,
    failures,
    federation,
    limits,
)

SECONDS = st.floats(1e-6, 1e3)
PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "planner.md"


def test_every_equation_is_on_the_page_with_its_source() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [one.name for one in catalogue() if f"`{one.formula}`" not in page or one.source not in page] == []


def test_a_term_remembers_formula_numbers_and_value() -> None:
    term = communication.wire_size.term(parameters=10e6, ratio=0.25)
    assert (term.formula, term.numbers, term.value, term.unit) == (
        "M = 4 P r",
        {"parameters": 10e6, "ratio": 0.25},
        10e6,
        "bytes",
    )


@given(SECONDS, SECONDS, st.floats(1, 10))
def test_overlap_lies_between_the_longer_and_the_sum(work: float, net: float, gamma: float) -> None:
    found = computation.overlapped(computation=work, network=net, gamma=gamma)
    assert max(work, net) * (1 - 1e-9) <= found <= (work + net) * (1 + 1e-9)
    assert computation.overlapped(computation=work, network=net, gamma=1) == pytest.approx(work + net)


def test_arithmetic_reaches_half_its_peak_at_half_and_all_of_it_in_the_limit() -> None:
    assert computation.effective_rate(peak=100, half=8, work=8) == 50
    assert computation.effective_rate(peak=100, half=8, work=1e12) == pytest.approx(100)


def test_one_worker_waits_for_nobody() -> None:
    assert computation.slowest(mean=2, deviation=0.5, workers=1) == 2
    assert communication.ring(workers=1, latency=1, model=1, bandwidth=1, memory=1) == 0
    assert communication.colocated(workers=1, servers=1, model=1, bandwidth=1) == 0


def test_streaming_saves_the_second_direction_where_chunks_are_many() -> None:
    link = {"latency": 0.0, "model": 1e9, "worker": 1e9, "workers": 2, "servers": 2, "server": 1e9, "apply": 0.1}
    assert communication.two_phase(**link) == pytest.approx(2.1)
    assert communication.streaming(**link, chunks=1e6) == pytest.approx(1.0, rel=1e-5)


@given(st.integers(2, 64), st.integers(0, 64))
def test_spare_hosts_help_up_to_twice_and_without_them_it_is_all_reduce(workers: int, spare: int) -> None:
    def time(spare: int) -> float:
        return communication.spare_hosts(workers=workers, spare=spare, model=1e9, bandwidth=1e9)

    assert time(0) == pytest.approx(communication.colocated(workers=workers, servers=workers, model=1e9, bandwidth=1e9))
    assert time(spare) <= time(0) * (1 + 1e-9)
    if workers > 2:
        assert time(workers) == pytest.approx(1.0)  # one push at link speed: as many hosts as workers


def test_hierarchical_rings_are_one_ring_where_there_is_one_level() -> None:
    found = communication.hierarchical(inside=1, nodes=8, model=1e9, bandwidth_in=5e9, bandwidth_out=1e9)
    assert found == communication.ring(workers=8, latency=0, model=1e9, bandwidth=1e9, memory=math.inf)


def test_a_tree_has_as_many_levels_as_doublings() -> None:
    assert communication.tree(workers=9, latency=0, model=1, bandwidth=1) == 8


def test_asynchronous_updates_are_bounded_by_workers_then_link_then_memory() -> None:
    base = {"workers": 4, "computation": 1.0, "latency": 0.0, "model": 1.0, "worker": 1e9, "servers": 1}
    assert asynchrony.update_rate(**base, server=1e9, memory=1e9) == pytest.approx(4)
    assert asynchrony.update_rate(**base, server=2.0, memory=1e9) == 2
    assert asynchrony.update_rate(**base, server=1e9, memory=3.0) == 1


@pytest.mark.parametrize("delay", [0, 3, 15, 63])
def test_the_surely_stable_rate_is_the_edge_of_the_delayed_recurrence(delay: int) -> None:
    """w' = w - lr w(t - delay) with curvature 1: one worker is stable below 2."""
    edge = asynchrony.surely_stable_rate(single=2, delay=delay)

    def grows(rate: float) -> bool:
        history = [1.0] * (delay + 1)
        for _ in range(200 * (delay + 1)):
            history.append(history[-1] - rate * history[-1 - delay])
        return max(map(abs, history[-delay - 1 :])) > max(map(abs, history[50 * (delay + 1) : 51 * (delay + 1)]))

    assert grows(edge * 1.05)
    assert not grows(edge * 0.95)


@pytest.mark.parametrize(("workers", "fine", "lost"), [(4, 0.4, 0.8), (16, 0.2, 0.4), (64, 0.1, 0.2)])
def test_the_stable_rate_parts_what_was_seen_to_converge_from_what_was_not(
    workers: int, fine: float, lost: float
) -> None:
    """Digits, 64-64-10 network, batch 32, random delays; one worker converges at 1.2 and not at 1.6."""
    edge = asynchrony.stable_rate(single=1.2, delay=asynchrony.staleness(workers=workers))
    assert fine <= edge < lost


def test_scaling_by_staleness_divides_by_its_power() -> None:
    assert [asynchrony.scaled_rate(rate=0.4, delay=16, power=power) for power in (0, 0.5, 1)] == [0.4, 0.1, 0.025]
    assert asynchrony.scaled_rate(rate=0.4, delay=0, power=1) == 0.4


@given(st.floats(0.1, 100), st.floats(1e3, 1e7))
def test_the_checkpoint_interval_wastes_least(checkpoint: float, mtbf: float) -> None:
    young = failures.young_interval(checkpoint=checkpoint, mtbf=mtbf)

    def waste(interval: float) -> float:
        return failures.waste(checkpoint=checkpoint, interval=interval, restart=0, mtbf=mtbf)

    assert waste(young) <= min(waste(young * 0.9), waste(young * 1.1))


def test_daly_is_young_where_failures_are_rare_and_the_mtbf_where_they_are_not() -> None:
    rare = {"checkpoint": 1.0, "mtbf": 1e8}
    assert failures.daly_interval(**rare) == pytest.approx(failures.young_interval(**rare), rel=1e-3)
    assert failures.daly_interval(checkpoint=10, mtbf=4) == 4


def test_a_run_fails_as_often_as_all_its_processes() -> None:
    assert failures.mean_time_between_failures(single=100, processes=4) == 25


def test_a_round_is_training_transfer_and_aggregation() -> None:
    training = federation.local_training(passes=5, steps=10, computation=0.1, clipping=2)
    assert training == 10
    assert federation.federated_round(training=10, model=1, down=1, up=0.5, clients=4, memory=2, fixed=1) == 16


@given(SECONDS, SECONDS, st.integers(1, 64))
def test_brents_bounds_are_ordered(span: float, extra: float, processors: int) -> None:
    numbers = {"span": span, "work": span + extra, "processors": processors}
    assert limits.brent_lower(**numbers) <= limits.brent_upper(**numbers)


@given(span=st.floats(1e-6, 1e3), work=st.floats(1e-6, 1e3), processors=st.integers(1, 64))
def test_sharing_processors_lies_between_brents_bounds(span: float, work: float, processors: int) -> None:
    given = {"span": span, "work": work, "processors": processors}
    assert (
        limits.brent_lower(**given) * (1 - 1e-9) <= limits.shared(**given) <= limits.brent_upper(**given) * (1 + 1e-9)
    )


def test_amdahl_is_bounded_gustafson_is_not_and_both_are_linear_without_a_serial_part() -> None:
    assert limits.amdahl(serial=0.1, workers=1e9) == pytest.approx(10)
    assert limits.gustafson(serial=0.5, workers=100) == 50.5
    assert limits.amdahl(serial=0, workers=8) == limits.gustafson(serial=0, workers=8) == 8
    assert limits.universal(single=2, workers=8, contention=0, coherency=0) == 16
