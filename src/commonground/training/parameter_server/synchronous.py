"""Bulk-synchronous steps: a range is updated when every worker's gradient of it is there."""

import queue
import threading
from collections.abc import Callable

import structlog

from commonground.errors import CommongroundError, InvalidFrame, ParameterServerLost
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.codec import Codec
from commonground.training.parameter_server.frame import Kind
from commonground.training.parameter_server.peer import Peer, payload_of
from commonground.training.parameter_server.replica import Replica
from commonground.training.parameter_server.shard import Shard

log = structlog.get_logger()
IDLE = 0.2


class Synchronous:
    """Takes the workers' chunks in the order of ranks, applies them while they are in cache and answers at once.

    The first step waits for all workers. One that is lost later is left out from the chunk on that it did not send; one that joins
    again takes part from the next step on; if the run is not elastic, ``ParameterServerLost`` ends the server instead. Reading in a fixed order makes the sums the same in every run, and leaves early chunks to
    wait in the sockets' buffers instead of in memory of ours.
    """

    def __init__(self, shard: Shard, codec: Codec, on_step: Callable[[int], None]) -> None:
        self.shard, self.on_step = shard, on_step
        self.replica = None if codec.lossless else Replica(shard.weights, codec)
        self.step = 0
        self.peers: list[Peer] = []
        self._stopping = threading.Event()
        self._joining: queue.SimpleQueue[Peer] = queue.SimpleQueue()

    def join(self, peer: Peer) -> None:
        """Let a worker take part from the next step on."""
        self._joining.put(peer)

    def run(self, stopping: threading.Event) -> None:
        """Step until told to stop."""
        self._stopping, started = stopping, False
        while not stopping.is_set():
            self._admit(wait=not self.peers or not started)
            started = started or len(self.peers) >= self.shard.options.workers
            if started and self.peers and self._step():
                self.step += 1
                self.on_step(self.step)

    def _admit(self, wait: bool) -> None:
        while peer := self._next(wait):
            wait = False
            for old in [old for old in self.peers if old.rank == peer.rank]:
                self._drop(old, "its worker was started again")
            if self._served(peer, lambda peer=peer: peer.send_all(self._known())):  # type: ignore[misc]
                self.peers = sorted([*self.peers, peer], key=lambda peer: peer.rank)

    def _next(self, wait: bool) -> Peer | None:
        try:
            return self._joining.get(timeout=IDLE) if wait else self._joining.get_nowait()
        except queue.Empty:
            return None

    def _known(self) -> Floats:
        return self.shard.weights if self.replica is None else self.replica.known

    def _step(self) -> bool:
        """One step of all ranges; False if nobody was left to finish it."""
        size = len(self.shard)
        stride = size if all(peer.slot is not None for peer in self.peers) else self.shard.clocks.chunk
        return all(self._range(start, min(stride, size - start)) for start in range(0, size, stride))

    def _range(self, start: int, count: int) -> bool:
        gradients: list[tuple[int, Floats]] = []
        for peer in list(self.peers):
            self._served(peer, lambda peer=peer: gradients.extend(self._gradient(peer, start, count)))  # type: ignore[misc]
        if not gradients:
            return False
        options = self.shard.options
        if not options.elastic and len(gradients) < options.workers:
            raise ParameterServerLost(reason=f"a worker is missing in step {self.step + 1}")
        version = self.shard.apply(start, gradients)
        self._answer(start, count, version)
        return True

    def _gradient(self, peer: Peer, start: int, count: int) -> list[tuple[int, Floats]]:
        if peer.slot is not None and start > 0:  # its one frame spoke for the whole shard
            return [(peer.rank, peer.slot[start : start + count])]
        frame = peer.receive()
        if frame.kind is Kind.BYE:
            self._leave(peer)
            return []
        expected = len(self.shard) if peer.slot is not None else count
        if frame.kind is not Kind.PUSH_PULL or frame.start != start or frame.count != expected:
            raise InvalidFrame(reason="a synchronous worker pushes and pulls every range, in order")
        return [(peer.rank, peer.gradient(frame)[:count])]

    def _answer(self, start: int, count: int, version: int) -> None:
        where = self.shard.clocks.ranges(start, start + count)
        streamed = any(peer.slot is None for peer in self.peers)
        payload, codec = payload_of(self.shard, self.replica, start, count) if streamed else (memoryview(b""), 0)
        for peer in list(self.peers):
            self.shard.clocks.sent(peer.rank, where)
            if peer.slot is None:
                self._served(peer, lambda peer=peer: peer.answer(start, count, version, payload, codec))  # type: ignore[misc]
            elif start + count == len(self.shard):
                self._served(peer, lambda peer=peer: peer.answer(0, len(self.shard), version, b"", 0))  # type: ignore[misc]

    def _served(self, peer: Peer, action: Callable[[], None]) -> bool:
        try:
            action()
        except CommongroundError as error:
            self._drop(peer, str(error))
            return False
        return True

    def _drop(self, peer: Peer, reason: str) -> None:
        if not self._stopping.is_set():
            log.warning("worker lost", rank=peer.rank, step=self.step, reason=reason)
        self._leave(peer)

    def _leave(self, peer: Peer) -> None:
        self.peers = [other for other in self.peers if other is not peer]
        peer.connection.close()
