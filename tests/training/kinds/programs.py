"""Programs that runs of the tests train; each is the ``code`` of one, or imported."""

CLASSIC = '''
"""A variable w of shape [10], loss mean(w^2)."""
import numpy as np

from commonground.training.adapters.numpy import NumpyProgram
from commonground.training.context import Context


def loss(parameters, batch):
    w = parameters["w"]
    return float(np.mean(w**2)), {"w": 2 * w / len(w)}


def build(context: Context) -> NumpyProgram:
    return NumpyProgram({"w": np.arange(1, 11)}, loss, evaluate=lambda parameters: {"norm": float(np.linalg.norm(parameters["w"]))})
'''

REGRESSION = '''
"""Least squares on 96 rows; a step takes ``options.program.seconds`` at least."""
import time

import numpy as np

from commonground.training.adapters.numpy import NumpyProgram
from commonground.training.context import Context


def build(context: Context) -> NumpyProgram:
    random = np.random.default_rng(7)
    x = random.normal(size=(96, 8)).astype(np.float32)
    y = x @ random.normal(size=8).astype(np.float32)
    seconds = context.options.get("program", {}).get("seconds", 0)

    def loss(parameters, batch):
        time.sleep(seconds)
        error = batch["x"] @ parameters["w"] - batch["y"]
        return float(np.mean(error**2)), {"w": 2 * batch["x"].T @ error / len(error)}

    def evaluate(parameters):
        return {"error": float(np.mean((x @ parameters["w"] - y) ** 2))}

    return NumpyProgram({"w": np.zeros(8)}, loss, {"x": x, "y": y}, evaluate=evaluate)
'''
