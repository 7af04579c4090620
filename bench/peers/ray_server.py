"""The parameter server of Ray's documentation (doc/source/ray-core/examples/plot_parameter_server): an actor that
takes the gradients as lists of arrays, adds them, sets them, takes a step of torch's SGD and answers its state.

PARAMETERS WORKERS STEPS: steps a second. A worker's gradient is a tenth of its weights instead of a backward pass.
"""

import math
import sys

import numpy as np
import ray
import torch
from timing import median_seconds

LAYERS = 10


class Model(torch.nn.Module):
    """Layers without biases that hold as many parameters as asked for, give or take a few."""

    def __init__(self, parameters: int) -> None:
        super().__init__()
        side = math.isqrt(parameters // LAYERS)
        self.layers = torch.nn.ModuleList([torch.nn.Linear(side, side, bias=False) for _ in range(LAYERS)])

    def get_weights(self) -> dict[str, torch.Tensor]:
        return {name: value.cpu() for name, value in self.state_dict().items()}

    def set_weights(self, weights: dict[str, torch.Tensor]) -> None:
        self.load_state_dict(weights)

    def get_gradients(self) -> list[np.ndarray]:
        return [parameter.data.cpu().numpy() * np.float32(0.1) for parameter in self.parameters()]

    def set_gradients(self, gradients: list[np.ndarray]) -> None:
        for gradient, parameter in zip(gradients, self.parameters(), strict=True):
            parameter.grad = torch.from_numpy(gradient)


@ray.remote(num_cpus=0)
class ParameterServer:
    def __init__(self, parameters: int) -> None:
        self.model = Model(parameters)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def apply_gradients(self, *gradients: list[np.ndarray]) -> dict[str, torch.Tensor]:
        summed = [np.stack(parts).sum(axis=0) for parts in zip(*gradients, strict=True)]
        self.optimizer.zero_grad()
        self.model.set_gradients(summed)
        self.optimizer.step()
        return self.model.get_weights()

    def get_weights(self) -> dict[str, torch.Tensor]:
        return self.model.get_weights()


@ray.remote(num_cpus=0)
class DataWorker:
    def __init__(self, parameters: int) -> None:
        self.model = Model(parameters)

    def compute_gradients(self, weights: dict[str, torch.Tensor]) -> list[np.ndarray]:
        self.model.set_weights(weights)
        return self.model.get_gradients()


def main() -> None:
    parameters, count, steps = map(int, sys.argv[1:])
    ray.init(include_dashboard=False, logging_level="error", configure_logging=False)
    server = ParameterServer.remote(parameters)
    workers = [DataWorker.remote(parameters) for _ in range(count)]
    weights = server.get_weights.remote()

    def step() -> None:
        nonlocal weights
        weights = server.apply_gradients.remote(*[worker.compute_gradients.remote(weights) for worker in workers])
        ray.wait([weights])

    print(1 / median_seconds(step, steps))
    ray.shutdown()


if __name__ == "__main__":
    main()
