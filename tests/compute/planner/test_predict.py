from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.planner.model import Exchange, Kind, Link
from commonground.compute.planner.predict import predict
from tests.compute.planner.machines import PROFILE, profile, workload

KINDS = get_args(Kind)


@given(
    st.sampled_from(KINDS),
    st.integers(1, 256),
    st.integers(1, 16),
    st.floats(1, 1e10),
    st.floats(1e-6, 10),
    st.booleans(),
    st.floats(1, 10),
    st.floats(0, 1),
)
def test_any_prediction_is_consistent(
    kind: Kind,
    workers: int,
    servers: int,
    parameters: float,
    fixed: float,
    shared: bool,
    gamma: float,
    deviation: float,
) -> None:
    found = predict(
        PROFILE,
        workload(
            kind=kind,
            workers=workers,
            servers=servers,
            parameters=parameters,
            fixed=fixed,
            shared=shared,
            gamma=gamma,
            deviation=deviation,
        ),
    )
    assert found.lower * (1 - 1e-9) <= found.step <= found.upper * (1 + 1e-9)
    assert found.computation + found.communication + found.idle == pytest.approx(found.step)
    assert all(0 <= share <= 1 for share in (found.busy, found.network, found.server))
    assert 0 < found.efficiency <= 1 + 1e-9
    assert found.terms


def test_two_workers_on_a_gigabit_take_as_long_as_their_gradients_through_one_server() -> None:
    """40 MB at 125 MB/s is 320 ms; two workers share the link of one server; 20 chunks fill the pipeline."""
    found = predict(PROFILE, workload(workers=2, servers=1))
    assert found.step == pytest.approx(0.01 + 1e-4 + 0.640 * (1 + 2 / (40e6 / 2**21)), rel=1e-6)
    assert predict(PROFILE, workload(workers=2, servers=2)).step < found.step * 0.6


def test_int8_moves_a_quarter() -> None:
    plain, small = (predict(PROFILE, workload(codec=codec)) for codec in ("fp32", "int8"))
    assert 3 < plain.communication / small.communication < 4


def test_top_k_moves_its_share_twice_over_and_pays_for_selecting() -> None:
    found = predict(PROFILE, workload(codec="top-k", top_k=0.01, link=Link(latency=0, bandwidth=1e5)))
    assert found.network * found.step * 1e5 == pytest.approx(40e6 * 0.02)
    quick = workload(codec="top-k", link=Link(latency=0, bandwidth=1e12))
    assert predict(PROFILE, quick).communication > 2 * 40e6 / 0.5e9


def test_servers_decode_and_encode_for_every_worker() -> None:
    """On a quick link many workers make the codec of one server the limit."""
    many = workload(codec="int8", workers=16, link=Link(latency=0, bandwidth=1e12))
    assert predict(PROFILE, many).step > 16 * 2 * 40e6 / 3e9


def test_in_shared_memory_nothing_is_encoded_and_memory_is_the_limit() -> None:
    found = predict(PROFILE, workload(shared=True, workers=2, codec="int8", servers=4))
    assert found.codec == "fp32"
    assert found.communication == pytest.approx(4 * 40e6 / 20e9)
    assert predict(PROFILE, workload(shared=True, workers=2)).communication == pytest.approx(4 * 40e6 / 12e9)


def test_processes_that_share_few_cores_wait_for_them() -> None:
    """8 workers of 10 ms on 2 cores cannot end before 40 ms."""
    few = predict(profile(cores=2), workload(shared=True, workers=8, parameters=1e6))
    many = predict(profile(cores=64), workload(shared=True, workers=8, parameters=1e6))
    assert few.step >= 0.04 > many.step
    assert few.idle > 0


def test_an_all_reduce_of_one_is_computation() -> None:
    assert predict(PROFILE, workload(kind="all-reduce")).step == pytest.approx(0.01)


def test_asynchronous_workers_do_not_wait_for_the_slowest() -> None:
    calm, wild = (predict(PROFILE, workload(kind="ps-async", workers=8, deviation=d)).step for d in (0.0, 0.5))
    assert calm == wild
    assert predict(PROFILE, workload(workers=8, deviation=0.5)).step > predict(PROFILE, workload(workers=8)).step


def test_a_federated_round_trains_on_what_a_client_holds() -> None:
    """320,000 samples on 10 clients in batches of 32: 1000 steps of 10 ms, five passes."""
    found = predict(PROFILE, workload(kind="federated", workers=10, clients=5, steps=5, round_cost=1.0))
    assert found.computation == pytest.approx(50)
    assert found.step == pytest.approx(50 + 2 * 0.32 + 1.0, rel=0.01)


def test_clipping_multiplies_the_training_of_a_round() -> None:
    found = predict(PROFILE, workload(kind="federated", workers=10, clipping=3))
    assert found.computation == pytest.approx(30)


def test_operations_are_turned_into_seconds_where_none_are_given() -> None:
    found = predict(PROFILE, workload(fixed=0, flops=1e9, batch=32, cpus=64))
    assert found.computation == pytest.approx(0.32, rel=1e-3)


def test_the_whole_run_is_its_samples_with_what_failures_cost() -> None:
    calm = predict(PROFILE, workload(kind="all-reduce", epochs=2))
    assert calm.wall == pytest.approx(2 * 10_000 * 0.01)
    failing = predict(PROFILE, workload(kind="all-reduce", epochs=2, mtbf=86400, checkpoint=5, restart=60, price=3600))
    assert failing.waste == pytest.approx(
        5 / failing.checkpoint_interval + failing.checkpoint_interval / 2 / 86400 + 60 / 86400
    )
    assert failing.wall == pytest.approx(calm.wall / (1 - failing.waste))
    assert failing.cost == pytest.approx(failing.wall)


@pytest.mark.parametrize(
    ("changes", "machine", "warning"),
    [
        ({"workers": 33}, {}, "extrapolating beyond 2x"),
        ({}, {}, "not measured"),
        ({"shared": True}, {"load": 80.0}, "busy when it was calibrated"),
        ({"shared": True, "workers": 8, "parameters": 10e9}, {}, "does not fit"),
        ({"mtbf": 1, "checkpoint": 5}, {}, "no progress"),
        ({"kind": "ps-async", "workers": 16, "learning_rate": 0.4}, {}, "diverges"),
    ],
)
def test_what_should_not_be_trusted_is_said(changes: dict[str, Any], machine: dict[str, Any], warning: str) -> None:
    assert warning in " ".join(predict(profile(**machine), workload(**changes)).warnings)


def test_up_to_twice_the_measured_size_is_trusted() -> None:
    assert predict(PROFILE, workload(shared=True, workers=32)).warnings == []


@pytest.mark.parametrize(
    ("workers", "rate", "scale", "flagged"),
    [(16, 0.4, "none", True), (16, 0.4, "sqrt", False), (16, 0.1, "none", False), (4, 0.1, "none", False)],
)
def test_stale_gradients_are_flagged_and_rescued_by_scaling(
    workers: int, rate: float, scale: Any, flagged: bool
) -> None:
    found = predict(PROFILE, workload(kind="ps-async", workers=workers, learning_rate=rate, scale=scale))
    assert found.staleness == workers - 1
    assert any("diverges" in warning for warning in found.warnings) == flagged
    if flagged:
        assert "ps.staleness.scale: sqrt" in " ".join(found.warnings)


def test_an_adaptive_optimizer_is_not_judged_by_the_rule_for_plain_descent() -> None:
    found = predict(PROFILE, workload(kind="ps-async", workers=16, learning_rate=0.4, optimizer="adagrad"))
    assert not any("diverges" in warning for warning in found.warnings)


def test_a_measured_exchange_makes_the_servers_processor_the_limit() -> None:
    """40 MB of each of two workers cost one server 8 ms each; there are 20 chunks and processors enough."""
    measured = profile(cores=1024, exchanges={"socket": Exchange(latency=0.001, worker=1e-10, server=2e-10)})
    found = predict(measured, workload(shared=True, link=None, transport="socket", workers=2, servers=1))
    assert found.step == pytest.approx(0.01 + 0.001 + 2 * 0.008 * (1 + 2 / (40e6 / 2**21)), rel=1e-6)


def test_in_measured_shared_memory_a_server_reads_every_gradient_and_the_weights() -> None:
    """One gradient costs 12 ms: three passes of 4 ms; two gradients are four passes."""
    exchange = Exchange(latency=0.001, worker=0, server=3e-10)
    measured = profile(cores=1024, apply_together=1e12, exchanges={"shared-memory": exchange})
    found = predict(measured, workload(shared=True, link=None, workers=2, servers=1))
    assert found.step == pytest.approx(0.01 + 0.001 + 4 * 0.004, rel=1e-6)
