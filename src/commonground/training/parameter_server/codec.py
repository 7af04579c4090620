"""How values travel: as they are, in bfloat16, in int8 with one scale a chunk, or only the largest of them."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from commonground.errors import InvalidFrame
from commonground.training.parameter_server.arrays import Floats, as_bytes

SCALE = 4
PAIR = 8


class Codec(Protocol):
    """Turns float32 values into bytes and back; ``number`` names it on the wire."""

    number: int
    lossless: bool

    def bound(self, count: int) -> int:
        """The largest encoding of ``count`` values, in bytes."""

    def encode(self, values: Floats) -> memoryview:
        """The encoding, valid until ``values`` change."""

    def decode(self, payload: memoryview, out: Floats) -> None:
        """Write the values into ``out``; ``InvalidFrame`` for bytes that are no encoding of as many."""


class Float32:
    """The values themselves; nothing is copied."""

    number, lossless = 0, True

    def bound(self, count: int) -> int:
        """Four bytes a value."""
        return 4 * count

    def encode(self, values: Floats) -> memoryview:
        """The memory of ``values``."""
        return as_bytes(values)

    def decode(self, payload: memoryview, out: Floats) -> None:
        """One copy."""
        _expect(payload, 4 * len(out))
        out[:] = np.frombuffer(payload, np.float32)


class BFloat16:
    """The upper half of each float32, rounded to nearest even: 2 bytes, relative error at most 2^-8."""

    number, lossless = 1, False

    def bound(self, count: int) -> int:
        """Two bytes a value."""
        return 2 * count

    def encode(self, values: Floats) -> memoryview:
        """Round and cut; infinities stay, a NaN stays a NaN."""
        bits = values.view(np.uint32)
        rounded = (bits >> 16) & 1
        rounded += 0x7FFF
        rounded += bits
        rounded >>= 16
        if not np.isfinite(values).all():
            np.copyto(rounded, (bits >> 16) | 0x40, where=np.isnan(values))
        return as_bytes(rounded.astype(np.uint16))

    def decode(self, payload: memoryview, out: Floats) -> None:
        """Widen."""
        _expect(payload, 2 * len(out))
        np.left_shift(np.frombuffer(payload, np.uint16), np.uint32(16), out=out.view(np.uint32), dtype=np.uint32)


class Int8:
    """One float32 scale, then one signed byte a value: error at most half of ``max|v| / 127``."""

    number, lossless = 2, False

    def bound(self, count: int) -> int:
        """A byte a value and the scale."""
        return SCALE + count

    def encode(self, values: Floats) -> memoryview:
        """Round to the nearest step; values that are not finite are refused, one would spoil its whole chunk."""
        largest = max(float(values.max(initial=0)), -float(values.min(initial=0)))
        if not np.isfinite(largest):
            raise InvalidFrame(reason="int8 cannot carry values that are not finite")
        scale = np.float32(largest / 127)
        out = np.empty(SCALE + len(values), np.uint8)
        out[:SCALE].view(np.float32)[0] = scale
        steps = np.multiply(values, np.float32(1) / scale if scale > np.finfo(np.float32).tiny else np.float32(0))
        np.rint(steps, out=steps)
        np.copyto(out[SCALE:].view(np.int8), steps, casting="unsafe")
        return as_bytes(out)

    def decode(self, payload: memoryview, out: Floats) -> None:
        """Multiply by the scale."""
        _expect(payload, SCALE + len(out))
        scale = np.frombuffer(payload, np.float32, 1)[0]
        if not np.isfinite(scale):
            raise InvalidFrame(reason="the scale of a chunk is not finite")
        np.multiply(np.frombuffer(payload, np.int8, offset=SCALE), scale, out=out, dtype=np.float32)


class TopK:
    """The ``share`` of values largest in magnitude, as (position, value) pairs; use it with error feedback."""

    number, lossless = 3, False

    def __init__(self, share: float = 0.01) -> None:
        self.share = share

    def bound(self, count: int) -> int:
        """Eight bytes a pair; a peer may keep a larger share."""
        return PAIR * count

    def encode(self, values: Floats) -> memoryview:
        """At least one pair for a chunk that is not empty."""
        keep = min(len(values), max(1, round(self.share * len(values))))
        magnitudes = np.abs(values)
        positions = np.argpartition(magnitudes, len(values) - keep)[len(values) - keep :].astype(np.uint32)
        positions.sort()
        return as_bytes(np.concatenate([positions, values[positions].view(np.uint32)]))

    def decode(self, payload: memoryview, out: Floats) -> None:
        """Zero where nothing was sent."""
        pairs, rest = divmod(len(payload), PAIR)
        positions = np.frombuffer(payload, np.uint32, pairs)
        if rest or pairs > len(out) or (pairs and int(positions.max()) >= len(out)):
            raise InvalidFrame(reason="top-k pairs that do not fit their chunk")
        out[:] = 0
        out[positions] = np.frombuffer(payload, np.float32, pairs, offset=4 * pairs)


class ErrorFeedback:
    """Adds to each chunk what earlier encodings of it left out (Seide et al. 2014; Karimireddy et al. 2019)."""

    def __init__(self, codec: Codec, size: int) -> None:
        self.codec = codec
        self.residual: Floats = np.zeros(size, np.float32)

    def encode(self, start: int, values: Floats) -> memoryview:
        """Encode ``values`` of the range that begins at ``start`` and remember the error."""
        residual = self.residual[start : start + len(values)]
        np.add(residual, values, out=residual)
        payload = self.codec.encode(residual)
        sent: npt.NDArray[np.float32] = np.empty_like(residual)
        self.codec.decode(payload, sent)
        np.subtract(residual, sent, out=residual)
        return payload


CODECS: Mapping[str, type[Float32 | BFloat16 | Int8 | TopK]] = {
    "fp32": Float32,
    "bf16": BFloat16,
    "int8": Int8,
    "top-k": TopK,
}


def codec_named(name: str, share: float = 0.01) -> Codec:
    """The codec of a name; ``share`` is of ``top-k``."""
    return TopK(share) if name == "top-k" else CODECS[name]()


def _expect(payload: memoryview, size: int) -> None:
    if len(payload) != size:
        raise InvalidFrame(reason=f"{len(payload)} bytes where the chunk needs {size}")
