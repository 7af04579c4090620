"""A worker's connection to one shard: which frames go out for a gradient, and where the answers' weights go."""

from collections.abc import Iterator

import numpy as np

from commonground.errors import InvalidFrame
from commonground.training.parameter_server.arrays import Floats, as_bytes
from commonground.training.parameter_server.codec import Codec, ErrorFeedback, TopK, codec_named
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.handshake import Welcome
from commonground.training.parameter_server.socket import Connection


class Channel:
    """``weights`` and ``gradient`` are the shard's part of the worker's arrays; positions are relative to the shard."""

    def __init__(
        self, connection: Connection, welcome: Welcome, weights: Floats, gradient: Floats, shared: bool
    ) -> None:
        self.connection, self.welcome, self.shared = connection, welcome, shared
        self.weights, self.gradient = weights, gradient
        self.codec: Codec = codec_named("fp32" if shared else welcome.codec, welcome.top_k)
        self.stride = len(weights) if shared else welcome.chunk
        self.clock = 0
        self._feedback = ErrorFeedback(self.codec, len(weights)) if isinstance(self.codec, TopK) else None
        self._payload = memoryview(
            bytearray(0 if self.codec.lossless else self.codec.bound(min(len(weights), self.stride)))
        )
        self._values: Floats = np.empty(0 if self.codec.lossless else min(len(weights), self.stride), np.float32)

    @property
    def frames(self) -> int:
        """How many frames an exchange has in each direction."""
        return -(-len(self.weights) // max(1, self.stride))

    def requests(self, kind: Kind) -> Iterator[list[memoryview]]:
        """The frames of one exchange, each encoded when it is its turn."""
        for start in range(0, len(self.weights), max(1, self.stride)):
            values = self.gradient[start : start + self.stride]
            payload = self._encode(start, values) if kind is not Kind.PULL and not self.shared else memoryview(b"")
            frame = Frame(
                kind, self.codec.number, 0, self.welcome.generation, self.clock, start, len(values), len(payload)
            )
            yield [memoryview(frame.encode()), payload]

    def destination(self, frame: Frame) -> memoryview:
        """Where the payload of an answer goes; ``InvalidFrame`` for one that does not fit."""
        if frame.kind is not Kind.WEIGHTS or frame.stop > len(self.weights) or frame.count > self.stride:
            raise InvalidFrame(reason=f"{frame.kind.name} of {frame.start} to {frame.stop} was not asked for")
        if not frame.size:
            return memoryview(b"")
        if frame.codec == 0:
            values = as_bytes(self.weights[frame.start : frame.stop])
            if frame.size == len(values) and not self.shared:
                return values
        elif frame.codec == self.codec.number and frame.size <= self.codec.bound(frame.count):
            return self._payload[: frame.size]
        raise InvalidFrame(reason=f"{frame.size} bytes of weights where {frame.count} values were asked for")

    def arrived(self, frame: Frame) -> None:
        """The payload is at its destination: where it was a difference, add it."""
        self.clock = frame.clock
        if frame.size and frame.codec:
            values = self._values[: frame.count]
            self.codec.decode(self._payload[: frame.size], values)
            weights = self.weights[frame.start : frame.stop]
            np.add(weights, values, out=weights)

    def _encode(self, start: int, values: Floats) -> memoryview:
        return self._feedback.encode(start, values) if self._feedback else self.codec.encode(values)
