"""Accuracies on the digits (64-64-10, five local epochs of batches of ten, twenty rounds), beside those measured before."""

import time
from typing import Any

import numpy as np
import pytest

from commonground.training.federated.options import Options, SecureAggregation
from commonground.training.federated.participant import Embedded, Participant, Plan
from commonground.training.federated.partition import Iid, Labels
from commonground.training.federated.rounds import Round, Rounds
from commonground.training.federated.strategy import FedAdagrad, FedProx
from commonground.training.privacy.plan import Privacy
from tests.training.federated import digits

COMMON: dict[str, Any] = {"rounds": 20, "epochs": 5, "batch": 10, "learning_rate": 0.05, "evaluate_every": 20}


def trained(seed: int, privacy: Privacy | None = None, **options: Any) -> list[Round]:
    program = digits.program(seed)
    plan = Plan(Options(**{**COMMON, **options}), privacy, (privacy and privacy.noise) or 0.0, seed)
    results: list[Round] = []
    Rounds(program, plan, Embedded(Participant(program, plan))).run(results.append)
    return results


def accuracy(**options: Any) -> float:
    """Of two seeds."""
    return float(np.mean([trained(seed, **options)[-1].metrics["accuracy"] for seed in (0, 1)]))


@pytest.mark.parametrize(
    ("options", "expected", "deviation"),
    [
        ({"clients": 10}, 0.955, 0.012),
        ({"clients": 20, "sample": 0.5}, 0.944, 0.012),
        ({"clients": 10, "partition": Labels()}, 0.894, 0.02),
        ({"clients": 10, "partition": Labels(), "strategy": FedProx(mu=0.1)}, 0.880, 0.025),
        ({"clients": 10, "strategy": FedAdagrad(learning_rate=0.03)}, 0.945, 0.02),
    ],
    ids=["iid", "half of twenty", "two labels each", "fedprox", "fedadagrad"],
)
def test_accuracy(options: dict[str, Any], expected: float, deviation: float) -> None:
    assert accuracy(**options) == pytest.approx(expected, abs=deviation)


def test_masks_and_a_little_noise_cost_little() -> None:
    options: dict[str, Any] = {
        "clients": 10,
        "partition": Iid(),
        "secure_aggregation": SecureAggregation(),
        "rounds": 10,
    }
    assert trained(0, **options)[-1].metrics["accuracy"] > 0.92
    assert trained(0, Privacy(clip=1.0, noise=0.1), **options)[-1].metrics["accuracy"] > 0.90


def test_a_round_of_a_model_of_forty_kilobytes_takes_a_fraction_of_a_second() -> None:
    began = time.perf_counter()
    seconds = [each.seconds for each in trained(0, clients=10, rounds=5)]
    assert min(seconds) < 0.2 * 5, (seconds, time.perf_counter() - began)
