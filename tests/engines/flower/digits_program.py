"""A perceptron for the digits of the input ``data``, as a run gets it."""

import csv
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from commonground.training.adapters.numpy import Arrays, NumpyProgram
from commonground.training.context import Context
from commonground.training.parameter_server.arrays import Floats
from commonground.training.program import Batch

TRAIN = 1347


def build(context: Context) -> NumpyProgram:
    with (context.inputs["data"] / "digits.csv").open() as file:
        _, *rows = csv.reader(file)
    values = np.random.default_rng(context.seed).permutation(np.array(rows, np.float32))
    x, label = values[:, :64] * np.float32(1 / 16), values[:, 64].astype(np.int64)
    random = np.random.default_rng((context.seed, 2))
    parameters = {
        "w": random.normal(0, 0.18, (64, 64)),
        "b": np.zeros(64),
        "v": random.normal(0, 0.18, (64, 10)),
        "c": np.zeros(10),
    }

    def evaluate(arrays: Arrays) -> Mapping[str, float]:
        found = forward(arrays, x[TRAIN:])[1].argmax(axis=1)
        return {"accuracy": float((found == label[TRAIN:]).mean())}

    return NumpyProgram(parameters, loss, {"x": x[:TRAIN], "label": label[:TRAIN]}, evaluate=evaluate)


def forward(parameters: Arrays, x: Floats) -> tuple[Floats, Floats]:
    hidden = np.maximum(x @ parameters["w"] + parameters["b"], 0)
    scores = hidden @ parameters["v"] + parameters["c"]
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, share / share.sum(axis=1, keepdims=True)


def loss(parameters: Arrays, batch: Batch) -> tuple[float, Mapping[str, npt.ArrayLike]]:
    x, label, rows = batch["x"], batch["label"], np.arange(len(batch["x"]))
    hidden, share = forward(parameters, x)
    mean = -float(np.log(share[rows, label] + 1e-12).mean())
    share[rows, label] -= 1
    share /= len(x)
    back = (share @ parameters["v"].T) * (hidden > 0)
    return mean, {"w": x.T @ back, "b": back.sum(0), "v": hidden.T @ share, "c": share.sum(0)}
