"""What a sketch is, and the simplest of them."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import msgspec


class Sketch(msgspec.Struct, frozen=True, tag=True):
    """An element of a commutative monoid: ``merged`` is associative and commutative to the last bit, so every engine gets the same.

    Subclasses are frozen and hold integers and texts, never sums of floats. The tag, the class's name, is what it is stored under.
    """

    kinds: ClassVar[dict[str, type["Sketch"]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Known by its name from now on."""
        super().__init_subclass__(**options)
        Sketch.kinds[cls.__name__] = cls

    def merged(self, other: Self) -> Self:
        """Both together."""
        raise NotImplementedError


class Count(Sketch, frozen=True):
    """A number of things, or a total of whole numbers."""

    value: int = 0

    def merged(self, other: Self) -> Self:
        """The sum."""
        return type(self)(self.value + other.value)


class Tally(Sketch, frozen=True):
    """How often each of a few names occurred: reasons, languages. At most :attr:`LIMIT` names; what is left out counts as ``other``."""

    LIMIT: ClassVar[int] = 4096
    counts: dict[str, int] = {}

    def merged(self, other: Self) -> Self:
        """Sums by name."""
        found = dict(self.counts)
        for name, count in other.counts.items():
            found[name] = found.get(name, 0) + count
        return type(self)(found)


Metrics = Mapping[str, Sketch]
"""Sketches by ``node.metric``."""


def merge(parts: Iterable[Metrics]) -> dict[str, Sketch]:
    """All parts together."""
    found: dict[str, Sketch] = {}
    for part in parts:
        for name, sketch in part.items():
            found[name] = found[name].merged(sketch) if name in found else sketch
    return found


def encode(metrics: Metrics) -> bytes:
    """As JSON, names sorted."""
    return msgspec.json.encode(dict(metrics), order="sorted")


def decode(content: bytes) -> dict[str, Sketch]:
    """What :func:`encode` wrote."""
    plain = msgspec.json.decode(content, type=dict[str, dict[str, Any]])
    return {
        name: msgspec.convert(
            {key: value for key, value in found.items() if key != "type"}, Sketch.kinds[found["type"]]
        )
        for name, found in plain.items()
    }
