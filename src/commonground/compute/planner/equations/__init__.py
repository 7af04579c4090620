"""Every equation of the planner. Bytes, seconds, bytes a second, operations a second; nothing else."""

from collections.abc import Iterator
from typing import Any

from commonground.compute.planner.equation import Equation
from commonground.compute.planner.equations import (
    asynchrony,
    communication,
    computation,
    failures,
    federation,
    limits,
)

MODULES = (computation, communication, asynchrony, federation, failures, limits)


def catalogue() -> Iterator[Equation[Any]]:
    """All equations, in the order of the modules and of their text."""
    for module in MODULES:
        yield from (value for value in vars(module).values() if isinstance(value, Equation))
