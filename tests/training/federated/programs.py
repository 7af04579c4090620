"""Programs for these tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commonground.training.parameter_server.arrays import Floats
from commonground.training.program import Batch, Indices


class Arrays:
    """A source of arrays."""

    def __init__(self, **arrays: npt.NDArray[Any]) -> None:
        self.arrays = arrays

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def read(self, rows: Indices) -> Batch:
        return {name: array[rows] for name, array in self.arrays.items()}


class Mean:
    """Looks for the mean of its rows: half the mean squared distance is the loss."""

    def __init__(self, rows: int = 40, size: int = 6) -> None:
        random = np.random.default_rng(5)
        values = random.normal(size=(rows, size)).astype(np.float32)
        self.data = Arrays(x=values, label=(np.arange(rows) * 4 // rows).astype(np.int64))
        self.parameters: Floats = np.zeros(size, np.float32)

    def gradient(self, batch: Batch, out: Floats) -> float:
        np.subtract(self.parameters, batch["x"].mean(axis=0), out=out)
        return 0.5 * float(((self.parameters - batch["x"]) ** 2).sum(axis=1).mean())

    def evaluate(self) -> Mapping[str, float]:
        return {"distance": float(np.abs(self.parameters - self.data.arrays["x"].mean(axis=0)).max())}

    def save(self, folder: Path) -> None:
        self.parameters.tofile(folder / "mean.bin")


class Perceptron:
    """64-64-10 with ReLU and softmax, for the digits; every fourth row, about, is for evaluation."""

    SHAPES = ((64, 64), (64,), (64, 10), (10,))

    def __init__(self, x: Floats, label: npt.NDArray[np.int64], seed: int = 0, train: int = 1347) -> None:
        order = np.random.default_rng((seed, 1)).permutation(len(x))
        first, rest = order[:train], order[train:]
        self.data, self._held_out = Arrays(x=x[first], label=label[first]), Arrays(x=x[rest], label=label[rest])
        self.parameters: Floats = np.zeros(sum(int(np.prod(shape)) for shape in self.SHAPES), np.float32)
        random = np.random.default_rng((seed, 2))
        for view, fan_in in zip(self._views(self.parameters)[::2], (64, 64), strict=True):
            view[:] = random.normal(0, np.sqrt(2 / fan_in), view.shape)

    def gradient(self, batch: Batch, out: Floats) -> float:
        second = self._views(self.parameters)[2]
        x, label, rows = batch["x"], batch["label"], np.arange(len(batch["x"]))
        hidden, share = self._forward(x)
        loss = -float(np.log(share[rows, label] + 1e-12).mean())
        share[rows, label] -= 1
        share /= len(x)
        back = (share @ second.T) * (hidden > 0)
        for view, value in zip(
            self._views(out), (x.T @ back, back.sum(0), hidden.T @ share, share.sum(0)), strict=True
        ):
            view[:] = value
        return loss

    def evaluate(self) -> Mapping[str, float]:
        x, label = self._held_out.arrays["x"], self._held_out.arrays["label"]
        return {"accuracy": float((self._forward(x)[1].argmax(axis=1) == label).mean())}

    def save(self, folder: Path) -> None:
        self.parameters.tofile(folder / "model.bin")

    def _forward(self, x: Floats) -> tuple[Floats, Floats]:
        first, first_bias, second, second_bias = self._views(self.parameters)
        hidden = np.maximum(x @ first + first_bias, 0)
        scores = hidden @ second + second_bias
        share = np.exp(scores - scores.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return hidden, share

    def _views(self, vector: Floats) -> list[Floats]:
        views, start = [], 0
        for shape in self.SHAPES:
            size = int(np.prod(shape))
            views.append(vector[start : start + size].reshape(shape))
            start += size
        return views


REGRESSION = """
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
"""
"""Code of a run: least squares on 96 rows; a gradient takes ``options.program.seconds`` at least."""
