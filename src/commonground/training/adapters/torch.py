"""A program of a PyTorch module."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commonground.errors import PackageMissing
from commonground.training.adapters.numpy import Rows
from commonground.training.parameter_server.arrays import Floats
from commonground.training.program import Batch, Source

Loss = Callable[[Any, Mapping[str, Any]], Any]
"""(module, batch of tensors) to the batch's mean loss, a tensor."""
Metrics = Callable[[Any], Mapping[str, float]]


class TorchProgram:
    """Trains what of ``module`` requires a gradient. Implements :class:`Program` and :class:`Seeded`; it lives in host memory.

    The parameters become views of one float32 vector, their gradients views of where the gradient is wanted: nothing is copied. Buffers
    (the averages of a batch normalisation) stay each worker's own. ``data`` are rows, or arrays whose first axis are the rows;
    ``evaluate`` is called without gradients, in the module's mode for evaluation. Saved are ``model.safetensors`` with the module's state,
    and ``card`` as ``README.md``. :class:`PackageMissing` without torch and safetensors.
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
        self._torch, self._save = _import()
        self.module, self._loss, self._evaluate, self._card = module, loss, evaluate, card
        self.data: Source = Rows(data) if isinstance(data, Mapping) else data
        self._trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self._vector = self._torch.cat([p.detach().reshape(-1).to(self._torch.float32) for p in self._trained])
        for parameter, view in self._views(self._vector):
            parameter.data = view
        self.parameters: Floats = self._vector.numpy()
        self._out: Floats | None = None

    def gradient(self, batch: Batch, out: Floats) -> float:
        """Write the mean gradient to ``out``; the mean loss."""
        if out is not self._out:
            for parameter, view in self._views(self._torch.from_numpy(out)):
                parameter.grad = view
            self._out = out
        out[:] = 0  # what follows adds in place
        loss = self._loss(self.module, {name: self._torch.from_numpy(array) for name, array in batch.items()})
        loss.backward()
        return float(loss)

    def evaluate(self) -> Mapping[str, float]:
        """What ``evaluate`` says of the module."""
        if self._evaluate is None:
            return {}
        training = self.module.training
        self.module.eval()
        try:
            with self._torch.no_grad():
                return self._evaluate(self.module)
        finally:
            self.module.train(training)

    def save(self, folder: Path) -> None:
        """Write ``model.safetensors`` and the card."""
        state = {name: tensor.detach().clone().contiguous() for name, tensor in self.module.state_dict().items()}
        self._save(state, folder / "model.safetensors", metadata={"format": "pt"})
        if self._card is not None:
            (folder / "README.md").write_text(self._card, encoding="utf-8")

    def seed(self, *numbers: int) -> None:
        """Let what torch draws from now on, as dropout does, follow from ``numbers``."""
        self._torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1)))

    def _views(self, vector: Any) -> Iterator[tuple[Any, Any]]:
        start = 0
        for parameter in self._trained:
            yield parameter, vector[start : start + parameter.numel()].view(parameter.shape)
            start += parameter.numel()


def _import() -> tuple[Any, Any]:
    try:
        import torch
        from safetensors.torch import save_file
    except ImportError as error:
        raise PackageMissing(package=str(error.name), extra="torch") from error
    return torch, save_file
