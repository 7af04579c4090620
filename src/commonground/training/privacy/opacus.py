"""Gradients of single examples of a PyTorch module, by Opacus, which is in the extra ``opacus``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from commonground.errors import InvalidSpec, PackageMissing
from commonground.training.adapters.torch import Loss, Metrics, TorchProgram
from commonground.training.parameter_server.arrays import Floats
from commonground.training.program import Batch, Source


class OpacusProgram(TorchProgram):
    """A :class:`TorchProgram` whose examples' gradients come from one pass over the batch, in place of one for each.

    :class:`InvalidSpec` for a module that mixes examples, as batch normalisation does; :class:`PackageMissing`.
    """

    def __init__(
        self,
        module: Any,
        loss: Loss,
        data: Source | Mapping[str, npt.ArrayLike],
        *,
        evaluate: Metrics | None = None,
        card: str | None = None,
    ) -> None:
        sampled, validator = _import()
        if errors := validator.validate(module, strict=False):
            raise InvalidSpec(reason=f"the module cannot be trained privately: {str(errors[0])[:300]}")
        super().__init__(module, loss, data, evaluate=evaluate, card=card)
        self._sampled = sampled(module)
        self._sampled.disable_hooks()

    def example_gradients(self, batch: Batch, out: Floats) -> None:
        """Write the gradient of each row to a row of ``out`` (float32 ``[rows, size]``)."""
        tensors = {name: self._torch.from_numpy(np.ascontiguousarray(array)) for name, array in batch.items()}
        self._out = None
        for parameter in self._trained:  # what follows must not add to the gradient that was asked for last
            parameter.grad = None
        self._sampled.enable_hooks()
        try:
            self._loss(self._sampled, tensors).backward()
        finally:
            self._sampled.disable_hooks()
        start = 0
        for parameter in self._trained:
            size = parameter.numel()
            gradients = parameter.grad_sample.reshape(len(out), size)
            out[:, start : start + size] = gradients.detach().numpy()
            parameter.grad_sample, start = None, start + size


def _import() -> tuple[Any, Any]:
    try:
        from opacus import GradSampleModule
        from opacus.validators import ModuleValidator
    except ImportError as error:
        raise PackageMissing(package=str(error.name), extra="opacus") from error
    return GradSampleModule, ModuleValidator
