"""A worker as its server sees it."""

import numpy as np

from commonground.errors import InvalidFrame
from commonground.training.parameter_server.arrays import Floats, as_bytes
from commonground.training.parameter_server.codec import Codec, Float32
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.replica import Replica
from commonground.training.parameter_server.shard import Shard
from commonground.training.parameter_server.socket import Connection


class Peer:
    """One worker's connection: gradients in, weights out, through the stream or through its slot of the shared memory."""

    def __init__(
        self, connection: Connection, rank: int, shard: Shard, codec: Codec, slot: Floats | None, generation: int
    ) -> None:
        self.connection, self.rank, self.shard, self.codec = connection, rank, shard, codec
        self.slot = slot
        self.generation = generation
        self._values: Floats = np.empty(0 if slot is not None else min(len(shard), shard.options.chunk), np.float32)
        self._payload = memoryview(bytearray(0 if codec.lossless else codec.bound(len(self._values))))

    def receive(self) -> Frame:
        """The next request; signs of life are passed over."""
        while True:
            frame = self.connection.receive()
            if frame.kind is not Kind.BEAT:
                return self._checked(frame)

    def gradient(self, frame: Frame) -> Floats:
        """The gradient a request carries, valid until the next one."""
        if self.slot is not None:
            return self.slot[frame.start : frame.stop]
        values = self._values[: frame.count]
        if self.codec.lossless:
            self.connection.receive_into(as_bytes(values))
        else:
            payload = self._payload[: frame.size]
            self.connection.receive_into(payload)
            self.codec.decode(payload, values)
        return values

    def answer(self, start: int, count: int, version: int, payload: memoryview | bytes, codec: int) -> None:
        """Send weights, or that they are there."""
        frame = Frame(Kind.WEIGHTS, codec, self.rank, self.generation, version, start, count, len(payload))
        self.connection.send(frame, payload)

    def send_all(self, weights: Floats) -> None:
        """Send every weight as it is: what a worker begins with."""
        where = self.shard.clocks
        step = len(self.shard) if self.slot is not None else where.chunk
        for start in range(0, len(self.shard), max(1, step)):
            stop = min(start + step, len(self.shard))
            version = where.sent(self.rank, where.ranges(start, stop))
            payload = b"" if self.slot is not None else as_bytes(weights[start:stop])
            self.answer(start, stop - start, version, payload, Float32.number)

    def _checked(self, frame: Frame) -> Frame:
        if frame.kind is Kind.BYE:
            return frame
        if frame.kind not in (Kind.PUSH, Kind.PULL, Kind.PUSH_PULL):
            raise InvalidFrame(reason=f"a worker does not send {frame.kind.name}")
        if frame.generation != self.generation:
            raise InvalidFrame(reason="the frame is of an earlier life of this server")
        if not frame.count or frame.stop > len(self.shard) or frame.start % self.shard.clocks.chunk:
            raise InvalidFrame(reason=f"there is no range {frame.start} to {frame.stop}")
        if self.slot is None and frame.count > len(self._values):
            raise InvalidFrame(reason=f"a chunk has at most {len(self._values)} elements")
        self._check_size(frame)
        return frame

    def _check_size(self, frame: Frame) -> None:
        empty = self.slot is not None or frame.kind is Kind.PULL
        limit = 0 if empty else self.codec.bound(frame.count)
        if frame.size > limit or (not empty and self.codec.lossless and frame.size != limit):
            raise InvalidFrame(reason=f"{frame.size} bytes of payload where {limit} belong")
        if not empty and frame.codec != self.codec.number:
            raise InvalidFrame(reason=f"codec {frame.codec} where {self.codec.number} was agreed")


def payload_of(shard: Shard, replica: Replica | None, start: int, count: int) -> tuple[memoryview, int]:
    """The weights of a range as they travel, and the codec's number."""
    if replica is None:
        return as_bytes(shard.weights[start : start + count]), Float32.number
    return replica.difference(start, count), replica.codec.number
