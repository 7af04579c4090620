"""Who has a say in which runs are queued. ``compute`` knows no such rule by itself; ``services.py`` hands one in."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from sqlalchemy import Connection

from commonground.compute.runs.model import Link, Spec

Reserve: TypeAlias = Callable[[Connection, int], None]
"""Called with the id of the run in the transaction that queues it: takes what the run needs, or raises."""


class RunGuard(Protocol):
    """Admits runs. What a run took it keeps, unless it was cancelled before it began: the guard sees that in its row."""

    async def admit(self, spec: Spec, inputs: Sequence[Link], run_id: int | None = None) -> tuple[Spec, Reserve]:
        """The specification as it is to be queued, and what is to be done in the same transaction. Raises to refuse.
        ``run_id``: a run that was queued before and is to be resumed.
        """
        ...


class Everything:
    """Admits every run as it is."""

    async def admit(self, spec: Spec, inputs: Sequence[Link], run_id: int | None = None) -> tuple[Spec, Reserve]:
        """Nothing is needed."""
        return spec, lambda connection, run_id: None
