"""Labels of rows or of words: numbers from 0, with names."""

from collections.abc import Iterable
from typing import Any

from commonground.errors import UnsuitableData

MOST = 10_000
"""Most different labels: more are a mistake."""


class Labels:
    """What the values of a column stand for. Texts are numbered in their order; whole numbers have to be 0 to n-1 and
    are named ``LABEL_0`` to ``LABEL_n-1``. :class:`UnsuitableData` for anything else.
    """

    def __init__(self, values: Iterable[Any], column: str) -> None:
        found = set(values)
        if len(found) > MOST:
            raise UnsuitableData(reason=f"the column {column} has more than {MOST} different labels")
        if all(isinstance(value, str) for value in found):
            self.names = sorted(found)
            self._numbers: dict[Any, int] = {name: number for number, name in enumerate(self.names)}
        elif all(isinstance(value, int) for value in found):
            self.names = [f"LABEL_{number}" for number in range(_highest(found, column) + 1)]
            self._numbers = {value: int(value) for value in found}
        else:
            raise UnsuitableData(reason=f"the labels of the column {column} are neither texts nor whole numbers")
        if len(self.names) < 2:
            raise UnsuitableData(reason=f"the column {column} has a single label")

    def number(self, value: Any) -> int:
        """The number of a value."""
        return self._numbers[value]

    def configuration(self) -> dict[str, Any]:
        """What the configuration of a model says about labels."""
        return {
            "num_labels": len(self.names),
            "id2label": dict(enumerate(self.names)),
            "label2id": {name: number for number, name in enumerate(self.names)},
        }


def _highest(values: Iterable[int], column: str) -> int:
    lowest, highest = min(values), max(values)
    if lowest < 0 or highest >= MOST:
        raise UnsuitableData(reason=f"labels are 0 to n-1; the column {column} has {lowest} to {highest}")
    return int(highest)
