"""An equation that can say what it is and with which numbers it was used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec

import msgspec

P = ParamSpec("P")


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One equation with the numbers put into it and what came out."""

    name: str
    formula: str
    numbers: dict[str, float]
    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class Equation(Generic[P]):
    """A pure function of numbers, its formula, the unit of its value and where it is from."""

    function: Callable[P, float]
    formula: str
    unit: str
    source: str

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    def __call__(self, *args: P.args, **numbers: P.kwargs) -> float:
        """The value."""
        return self.function(*args, **numbers)

    def term(self, *args: P.args, **numbers: P.kwargs) -> Term:
        """The value with everything that led to it; numbers are given by name."""
        assert not args
        shown = {name: float(number) for name, number in numbers.items() if isinstance(number, int | float)}
        return Term(
            name=self.name,
            formula=self.formula,
            numbers=shown,
            value=self.function(*args, **numbers),
            unit=self.unit,
            source=self.source,
        )


def equation(formula: str, *, unit: str, source: str) -> Callable[[Callable[P, float]], Equation[P]]:
    """Make an :class:`Equation` of a function that takes its numbers by name."""
    return lambda function: Equation(function, formula, unit, source)
