"""Rounds of federated training in one process: ten clients, five local epochs of batches of ten, a model of 40 kB."""

from collections.abc import Mapping

import numpy as np

from bench.report import Row, row
from commonground.training.adapters.numpy import Arrays, NumpyProgram
from commonground.training.federated.options import Options, SecureAggregation
from commonground.training.federated.participant import Embedded, Participant, Plan
from commonground.training.federated.rounds import Rounds
from commonground.training.parameter_server.arrays import Floats
from commonground.training.program import Batch

ROWS, PIXELS, HIDDEN, LABELS = 1347, 64, 133, 10
ROUNDS = 7


def rounds() -> list[Row]:
    """A round in the open, and one whose updates are summed under masks."""
    return [
        row("federated_round_s", _seconds(None), "s", "lower"),
        row("federated_secure_round_s", _seconds(SecureAggregation()), "s", "lower"),
    ]


def _seconds(secure: SecureAggregation | None) -> list[float]:
    options = Options(clients=10, epochs=5, batch=10, learning_rate=0.05, evaluate_every=99, secure_aggregation=secure)
    program, plan = _program(), Plan(options)
    assert abs(program.parameters.nbytes - 40_000) < 500, program.parameters.nbytes
    training = Rounds(program, plan, Embedded(Participant(program, plan)))
    return [training.step().seconds for _ in range(ROUNDS)][1:]


def _program() -> NumpyProgram:
    random = np.random.default_rng(0)
    x = random.random((ROWS, PIXELS), np.float32)
    label = random.integers(0, LABELS, ROWS)
    parameters = {
        "w": random.normal(0, 0.1, (PIXELS, HIDDEN)),
        "b": np.zeros(HIDDEN),
        "v": random.normal(0, 0.1, (HIDDEN, LABELS)),
        "c": np.zeros(LABELS),
    }
    return NumpyProgram(parameters, _loss, {"x": x, "label": label})


def _loss(parameters: Arrays, batch: Batch) -> tuple[float, Mapping[str, Floats]]:
    x, label, rows = batch["x"], batch["label"], np.arange(len(batch["x"]))
    hidden = np.maximum(x @ parameters["w"] + parameters["b"], 0)
    share = np.exp(hidden @ parameters["v"] + parameters["c"])
    share /= share.sum(axis=1, keepdims=True)
    loss = -float(np.log(share[rows, label]).mean())
    share[rows, label] -= 1
    share /= len(x)
    back = (share @ parameters["v"].T) * (hidden > 0)
    return loss, {"w": x.T @ back, "b": back.sum(0), "v": hidden.T @ share, "c": share.sum(0)}
