"""What a specification may say of a federated run."""

from typing import Any

import pytest

from commonground.errors import InvalidSpec
from commonground.training.federated.options import SecureAggregation, read
from commonground.training.federated.partition import Column, Labels
from commonground.training.federated.strategy import FedAdagrad, FedProx


def test_short_and_long_forms() -> None:
    options, privacy = read(
        {"options": {"partition": "labels", "strategy": "fedadagrad", "deadline": "2m", "secure_aggregation": True}}
    )
    assert (options.partition, options.strategy, options.deadline) == (Labels(), FedAdagrad(), 120)
    assert (options.secure_aggregation, privacy) == (SecureAggregation(), None)
    options, private = read({
        "kind": "federated", "options": {"partition": {"name": "column", "column": "site"}, "strategy": {"name": "fedprox", "mu": 0.5}},
        "privacy": {"epsilon": 3.0},
    })  # fmt: skip
    assert (options.partition, options.strategy) == (Column(column="site"), FedProx(mu=0.5))
    assert private is not None
    assert (private.privacy.epsilon, private.privacy.delta, private.privacy.mode) == (3.0, 1e-5, "client")


@pytest.mark.parametrize(
    ("options", "privacy", "reason"),
    [
        ({"round": 3}, {}, "options has no round; did you mean rounds"),
        ({"clients": 0}, {}, "clients are 1 to"),
        ({"rounds": "many"}, {}, "options: Expected `int`"),
        ({"strategy": "fedsgd"}, {}, "Invalid value 'fedsgd'"),
        ({"strategy": {"name": "fedavg", "mu": 1}}, {}, "unknown field `mu`"),
        ({"sample": 1.5}, {}, "sample is a share"),
        ({"quorum": 0}, {}, "quorum is a share"),
        ({"learning_rate": 0}, {}, "learning_rate is more than 0"),
        ({"secure_aggregation": True, "clients": 2}, {}, "needs 3 clients"),
        ({"secure_aggregation": True, "clients": 2000}, {}, "at most 1024"),
        ({}, {"clip": 1.0}, "either epsilon or noise"),
        ({}, {"noise": 1.0, "epsilon": 1.0}, "either epsilon or noise"),
        ({}, {"noise": 1.0, "mode": "example"}, "mode of a federated run is client"),
        ({}, {"noise": -1.0}, "Expected `float` >= 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], privacy: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSpec, match=reason):
        read({"kind": "federated", "options": options, "privacy": privacy})
