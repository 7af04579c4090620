"""What an engine is: three calls. It moves tasks and parcels, and knows nothing of rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from commonground.data.execution.stage import Reduction, Task

Progress = Callable[[str, int, int], None]
"""``(stage, done, total)``, now and then."""


class Engine(Protocol):
    """Tasks may run several times, at once and anywhere that sees their root; the same task always gives the same."""

    name: str

    def map(self, tasks: Sequence[Task]) -> Any:
        """Run every task; answers what they gave, for the other two calls only. :class:`~commonground.errors.FlowEngineFailed`."""
        ...

    def exchange(self, given: Sequence[Any], reduction: Reduction) -> Any:
        """Hand all keys of a partition to one call of ``run_reduction``, those of ``given`` in their order."""
        ...

    def collect(self, given: Any, channel: str) -> Iterator[bytes]:
        """The contents of a channel, in the order of tasks or partitions."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...
