"""A program of a Keras 3 model on the TensorFlow backend."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commonground.errors import PackageMissing
from commonground.training.adapters.numpy import Rows
from commonground.training.parameter_server.arrays import Floats
from commonground.training.program import Batch, Source

Loss = Callable[[Any, Mapping[str, Any]], Any]
"""(model, batch of tensors) to the batch's mean loss, a tensor."""
Metrics = Callable[[Any], Mapping[str, float]]


class KerasProgram:
    """Trains the trainable variables of ``model``. Implements :class:`Program` and :class:`Seeded`.

    TensorFlow keeps variables to itself, so the parameters are copied into them before a gradient and the gradient out of them. Variables
    that are not trained (the averages of a batch normalisation) stay each worker's own. ``loss`` is traced once for every shape of a
    batch; it calls the model with ``training=True`` where that matters. ``data`` are rows, or arrays whose first axis are the rows. Saved
    is ``model.keras``. :class:`PackageMissing` without Keras and TensorFlow.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        data: Source | Mapping[str, npt.ArrayLike],
        *,
        evaluate: Metrics | None = None,
    ) -> None:
        self._keras, self._tensorflow = _import()
        self.model, self._loss, self._evaluate = model, loss, evaluate
        self.data: Source = Rows(data) if isinstance(data, Mapping) else data
        self._variables = list(model.trainable_variables)
        self._traced = self._tensorflow.function(self._graph)
        values = [np.asarray(variable.numpy(), np.float32).reshape(-1) for variable in self._variables]
        self.parameters: Floats = np.concatenate(values)

    def gradient(self, batch: Batch, out: Floats) -> float:
        """Write the mean gradient to ``out``; the mean loss."""
        self._assign()
        loss, gradients = self._traced({name: self._tensorflow.constant(array) for name, array in batch.items()})
        for view, gradient in zip(self._views(out), gradients, strict=True):
            view[...] = gradient.numpy()
        return float(loss)

    def evaluate(self) -> Mapping[str, float]:
        """What ``evaluate`` says of the model."""
        self._assign()
        return self._evaluate(self.model) if self._evaluate else {}

    def save(self, folder: Path) -> None:
        """Write ``model.keras``."""
        self._assign()
        self.model.save(folder / "model.keras")

    def seed(self, *numbers: int) -> None:
        """Let what TensorFlow and the layers of Keras draw from now on follow from ``numbers``."""
        value = int(np.random.SeedSequence(numbers).generate_state(1)[0] >> 1)
        self._tensorflow.random.set_seed(value)
        for generator in _generators(self.model):
            generator.state.assign(np.array([value, 0], "uint32"))

    def _graph(self, batch: Mapping[str, Any]) -> tuple[Any, list[Any]]:
        with self._tensorflow.GradientTape() as tape:
            loss = self._loss(self.model, batch)
        variables = [variable.value for variable in self._variables]
        gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
        return loss, [self._tensorflow.convert_to_tensor(gradient) for gradient in gradients]  # of embeddings: sparse

    def _assign(self) -> None:
        for variable, view in zip(self._variables, self._views(self.parameters), strict=True):
            variable.assign(view)

    def _views(self, vector: Floats) -> list[Floats]:
        ends = np.cumsum([int(np.prod(variable.shape)) for variable in self._variables])
        parts = np.split(vector, ends[:-1])
        return [part.reshape(variable.shape) for part, variable in zip(parts, self._variables, strict=True)]


def _generators(model: Any) -> list[Any]:
    """What the layers of a model draw random numbers with, dropout for one."""
    found = [getattr(layer, "seed_generator", None) for layer in model._flatten_layers()]
    return [generator for generator in found if generator is not None]


def _import() -> tuple[Any, Any]:
    try:
        import keras
        import tensorflow as tf
    except ImportError as error:
        raise PackageMissing(package=str(error.name), extra="keras") from error
    return keras, tf
