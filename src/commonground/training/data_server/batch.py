"""A batch as bytes: what its arrays are called and how they are shaped, as JSON, then their memory one after another."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np

from commonground.errors import InvalidFrame
from commonground.training.parameter_server.frame import MAX_PAYLOAD
from commonground.training.program import Batch

KINDS = frozenset("biufcSU")
"""Kinds of arrays that travel: numbers, truth values and text of fixed width; no objects."""
_LENGTH = 4


class Array(msgspec.Struct, frozen=True, array_like=True):
    """One array of a batch: ``dtype`` as NumPy spells it, with its byte order."""

    name: str
    dtype: str
    shape: tuple[int, ...]


def encode(batch: Batch) -> list[memoryview]:
    """The parts of the payload; :class:`InvalidFrame` for arrays that cannot travel or are too many bytes."""
    arrays = {name: np.asarray(array, order="C") for name, array in batch.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in KINDS:
            raise InvalidFrame(reason=f"the array {name} of a batch holds {array.dtype}, which does not travel")
    described = msgspec.json.encode([Array(name, array.dtype.str, array.shape) for name, array in arrays.items()])
    parts = [len(described).to_bytes(_LENGTH, "little") + described]
    parts += [array.reshape(-1).view(np.uint8).data if array.size else b"" for array in arrays.values()]  # type: ignore[misc]
    if sum(len(part) for part in parts) > MAX_PAYLOAD:
        raise InvalidFrame(reason=f"a batch has more than {MAX_PAYLOAD} bytes; take fewer rows a step")
    return [memoryview(part) for part in parts]


def decode(payload: memoryview) -> Batch:
    """The batch, its arrays views of the payload; :class:`InvalidFrame`."""
    length = int.from_bytes(payload[:_LENGTH], "little")
    try:
        described = msgspec.json.decode(payload[_LENGTH : _LENGTH + length], type=list[Array])
        return dict(_arrays(described, payload[_LENGTH + length :]))
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise InvalidFrame(reason=f"a batch cannot be read: {error}") from error


def _arrays(described: list[Array], content: memoryview) -> Iterator[tuple[str, np.ndarray]]:
    at = 0
    for one in described:
        dtype = np.dtype(one.dtype)
        if dtype.kind not in KINDS or any(side < 0 for side in one.shape):
            raise ValueError(f"there is no such array as {one.dtype} {one.shape}")
        count = math.prod(one.shape)
        size = count * dtype.itemsize
        if at + size > len(content):
            raise ValueError(f"{one.name} is longer than what came")
        yield one.name, np.frombuffer(content[at : at + size], dtype, count).reshape(one.shape)
        at += size
    if at != len(content):
        raise ValueError("more came than was described")
