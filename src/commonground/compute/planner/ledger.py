"""Keeps every equation that led to a prediction."""

from typing import ParamSpec

from commonground.compute.planner.equation import Equation, Term

P = ParamSpec("P")


class Ledger:
    """``ledger(equation, name=number)`` computes and remembers."""

    def __init__(self) -> None:
        self.terms: list[Term] = []

    def __call__(self, chosen: Equation[P], *args: P.args, **numbers: P.kwargs) -> float:
        """The value of ``chosen``."""
        term = chosen.term(*args, **numbers)
        self.terms.append(term)
        return term.value
