"""Arrays by name are one vector, and the vector is the arrays."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from commonground.training.adapters.numpy import NumpyProgram, Rows


def program() -> NumpyProgram:
    def loss(parameters, batch):  # type: ignore[no-untyped-def]
        return 0.5, {"a": parameters["a"] * 2, "b": np.float32(len(batch["x"]))}

    return NumpyProgram({"a": [[1, 2], [3, 4]], "b": 5.0}, loss, {"x": np.arange(6)})


def test_parameters_are_one_vector_trained_in_place() -> None:
    made = program()
    assert made.parameters.tolist() == [1, 2, 3, 4, 5]
    made.parameters[:] = 7
    assert made.arrays["a"].tolist() == [[7, 7], [7, 7]]
    assert made.arrays["b"] == 7


def test_gradients_land_where_they_belong() -> None:
    made, out = program(), np.empty(5, np.float32)
    assert made.gradient(made.data.read(np.array([2, 0, 1])), out) == 0.5
    assert out.tolist() == [2, 4, 6, 8, 3]


def test_what_is_saved_are_safetensors(tmp_path: Path) -> None:
    program().save(tmp_path)
    assert load_file(tmp_path / "model.safetensors")["a"].tolist() == [[1, 2], [3, 4]]


def test_rows_are_read_in_the_order_asked_for() -> None:
    rows = Rows({"x": [10, 11, 12], "y": [[0], [1], [2]]})
    assert len(rows) == 3
    assert rows.read(np.array([2, 0]))["y"].tolist() == [[2], [0]]
    assert len(Rows()) == 0
    with pytest.raises(ValueError, match="different numbers of rows"):
        Rows({"x": [1], "y": [1, 2]})
