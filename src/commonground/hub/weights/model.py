"""What the header of a weight file says."""

from collections.abc import Generator
from typing import Any, Literal

import msgspec

Format = Literal["safetensors", "gguf", "onnx"]
KEPT_TENSORS = 20_000


class Tensor(msgspec.Struct, frozen=True):
    """A tensor: ``dtype`` as the format spells it, ``shape`` outermost first."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class WeightsInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A weight file, or the shards of one. ``parameters`` counts elements per dtype; ``tensors`` is cut at 20,000.

    ``error`` says why a file could not be read; nothing else is then set.
    """

    format: Format
    total: int = 0
    parameters: dict[str, int] = {}
    tensors: tuple[Tensor, ...] = ()
    tensor_count: int = 0
    metadata: dict[str, Any] = {}
    error: str | None = None


class InvalidWeights(ValueError):
    """A header breaks its format or a bound; the message is meant for the author of the file."""


Parser = Generator[tuple[int, int], bytes, WeightsInfo]
"""A parser without I/O: it yields the half-open byte range it needs next and is sent the bytes."""


class Collector:
    """Adds up tensors."""

    def __init__(self, format_: Format) -> None:
        self._format = format_
        self._tensors: list[Tensor] = []
        self._parameters: dict[str, int] = {}
        self._count = 0

    def add(self, name: str, dtype: str, shape: tuple[int, ...], elements: int) -> None:
        """Count one tensor."""
        self._count += 1
        self._parameters[dtype] = self._parameters.get(dtype, 0) + elements
        if len(self._tensors) < KEPT_TENSORS:
            self._tensors.append(Tensor(name, dtype, shape))

    def result(self, metadata: dict[str, Any]) -> WeightsInfo:
        """All that was counted."""
        total = sum(self._parameters.values())
        if total >= 2**63:
            raise InvalidWeights("the tensors have more elements than any machine can hold")
        return WeightsInfo(
            format=self._format,
            total=total,
            parameters=self._parameters,
            tensors=tuple(self._tensors),
            tensor_count=self._count,
            metadata=metadata,
        )


def elements_of(shape: tuple[int, ...]) -> int:
    """Number of elements; :class:`InvalidWeights` for shapes no file can hold."""
    if len(shape) > 64:
        raise InvalidWeights("a tensor has more than 64 dimensions")
    product = 1
    for length in shape:
        product *= length
        if not 0 <= product < 2**63:
            raise InvalidWeights("a tensor has an impossible shape")
    return product
