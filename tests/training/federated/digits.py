"""The digits of the samples, for these tests."""

import csv
import functools

import numpy as np
import numpy.typing as npt
import pytest

from commonground.samples import Skipped, prepare
from commonground.training.parameter_server.arrays import Floats
from tests.training.federated.programs import Perceptron


def program(seed: int = 0) -> Perceptron:
    """A perceptron before training; 1347 rows to train on, 450 to evaluate with."""
    x, label = _rows()
    return Perceptron(x, label, seed)


@functools.cache
def _rows() -> tuple[Floats, npt.NDArray[np.int64]]:
    [sample] = prepare(["digits"])
    if isinstance(sample, Skipped):
        pytest.skip(f"no digits: {sample.reason}")
    path = next(file.source for file in sample.files if file.path == "digits.csv")
    assert not isinstance(path, bytes)
    with path.open() as file:
        _, *rows = csv.reader(file)
    values = np.array(rows, np.float32)
    return values[:, :64] * np.float32(1 / 16), values[:, 64].astype(np.int64)
