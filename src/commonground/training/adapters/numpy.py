"""A program of plain arrays."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.snapshot import write
from commonground.training.program import Batch, Indices

Arrays = Mapping[str, Floats]
LossAndGradient = Callable[[Arrays, Batch], tuple[float, Mapping[str, npt.ArrayLike]]]
"""(parameters, batch) to the batch's mean loss and its gradient by each parameter."""
Metrics = Callable[[Arrays], Mapping[str, float]]


class Rows:
    """Arrays whose first axis are the rows. Implements :class:`Source`; without arrays there are no rows."""

    def __init__(self, arrays: Mapping[str, npt.ArrayLike] | None = None) -> None:
        """``ValueError`` for arrays of different lengths."""
        self._arrays = {name: np.asarray(array) for name, array in (arrays or {}).items()}
        lengths = {len(array) for array in self._arrays.values()}
        if len(lengths) > 1:
            raise ValueError(f"the arrays have different numbers of rows: {sorted(lengths)}")
        self._length = next(iter(lengths), 0)

    def __len__(self) -> int:
        return self._length

    def read(self, rows: Indices) -> Batch:
        """These rows, in this order."""
        return {name: array[rows] for name, array in self._arrays.items()}


class NumpyProgram:
    """Trains arrays by name. ``loss_and_gradient`` gets them as float32 views of one vector, in the shapes they were given in.

    Implements :class:`Program`; it is saved as ``model.safetensors``. ``data`` are arrays whose first axis are the rows.
    """

    def __init__(
        self,
        parameters: Mapping[str, npt.ArrayLike],
        loss_and_gradient: LossAndGradient,
        data: Mapping[str, npt.ArrayLike] | None = None,
        *,
        evaluate: Metrics | None = None,
    ) -> None:
        values = {name: np.asarray(value, np.float32) for name, value in parameters.items()}
        self._shapes = {name: value.shape for name, value in values.items()}
        self.parameters: Floats = np.concatenate([value.reshape(-1) for value in values.values()])
        self.arrays: Arrays = self._views(self.parameters)
        self.data = Rows(data)
        self._loss_and_gradient, self._evaluate = loss_and_gradient, evaluate

    def gradient(self, batch: Batch, out: Floats) -> float:
        """Write the mean gradient to ``out``; the mean loss."""
        loss, gradient = self._loss_and_gradient(self.arrays, batch)
        for name, view in self._views(out).items():
            np.copyto(view, gradient[name], casting="same_kind")
        return float(loss)

    def evaluate(self) -> Mapping[str, float]:
        """What ``evaluate`` says of the parameters."""
        return self._evaluate(self.arrays) if self._evaluate else {}

    def save(self, folder: Path) -> None:
        """Write ``model.safetensors``."""
        arrays: dict[str, np.ndarray[Any, Any]] = {name: np.asarray(array) for name, array in self.arrays.items()}
        write(folder / "model.safetensors", arrays, {"format": "np"})

    def _views(self, vector: Floats) -> Arrays:
        found, start = {}, 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            found[name] = vector[start : start + size].reshape(shape)
            start += size
        return found
