"""The workers of a run as one group of torch.distributed."""

import os
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from commonground.errors import PackageMissing
from commonground.training.parameter_server.arrays import Floats

JOIN_SECONDS = 120.0
"""How long the workers wait for the last of them to start."""


class Group:
    """The ``workers`` processes of a run that torchrun's environment describes; ``rank`` is this one's number.

    Vectors are in host memory, so the backend is gloo. An operation waits for the others for ``timeout`` seconds: as long
    as one of them may evaluate or save. That a worker froze is noticed by the signs of life it then owes.
    :class:`PackageMissing` without torch.
    """

    def __init__(self, *, timeout: float) -> None:
        self.rank, self.workers = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        self._distributed, self._torch = _import()
        store = self._distributed.TCPStore(
            os.environ["MASTER_ADDR"],
            int(os.environ["MASTER_PORT"]),
            self.workers,
            is_master=self.rank == 0,
            timeout=timedelta(seconds=JOIN_SECONDS),
        )
        self._distributed.init_process_group(
            "gloo", store=store, rank=self.rank, world_size=self.workers, timeout=timedelta(seconds=timeout)
        )

    def add(self, values: Floats) -> None:
        """Replace ``values``, contiguous and of one length everywhere, by their sum over the workers: the same bits in all."""
        self._distributed.all_reduce(self._torch.from_numpy(values))

    def spread(self, values: Floats) -> None:
        """Replace ``values`` by those of worker 0."""
        self._distributed.broadcast(self._torch.from_numpy(values), 0)

    def least(self, value: int) -> int:
        """The smallest value any worker has."""
        found = self._torch.tensor([value], dtype=self._torch.int64)
        self._distributed.all_reduce(found, self._distributed.ReduceOp.MIN)
        return int(found.item())

    def wait(self) -> None:
        """Return when all workers are here."""
        self.least(0)

    def __enter__(self) -> Self:
        """The group itself; it is left at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave when all are through; after an error at once."""
        if error is None:
            self.wait()
        self._distributed.destroy_process_group()


def _import() -> tuple[Any, Any]:
    try:
        import torch
        import torch.distributed
    except ImportError as error:
        raise PackageMissing(package="torch", extra="torch") from error
    return torch.distributed, torch
