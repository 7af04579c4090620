"""Programs that runs of the tests train; each is the ``code`` of one, or imported."""

from bench.faults import PROGRAM as REGRESSION

__all__ = ["CLASSIC", "REGRESSION"]

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
