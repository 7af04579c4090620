"""Asynchronous steps: each gradient is applied when it arrives, workers do not wait for each other."""

import contextlib
import threading
from collections.abc import Callable

import structlog

from commonground.errors import CommongroundError
from commonground.training.parameter_server.codec import Codec
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.peer import Peer, payload_of
from commonground.training.parameter_server.replica import Replica
from commonground.training.parameter_server.shard import Shard

log = structlog.get_logger()


class Asynchronous:
    """A thread a worker, one lock on the shard (Downpour SGD; with a bound, stale synchronous parallel: Ho et al. 2013)."""

    def __init__(self, shard: Shard, codec: Codec, on_step: Callable[[int], None]) -> None:
        self.shard, self.codec, self.on_step = shard, codec, on_step
        self.step = 0
        self.peers: list[Peer] = []
        self.largest_staleness = 0
        self._iterations: dict[int, int] = {}
        self._stopping = threading.Event()
        self._turn = threading.Condition()

    def run(self, stopping: threading.Event) -> None:
        """Wait for the end; the work is in the threads that :meth:`join`."""
        self._stopping = stopping
        stopping.wait()

    def join(self, peer: Peer) -> None:
        """Serve a worker until it leaves or is lost, on the calling thread."""
        with self._turn:
            self.peers.append(peer)
            self._iterations[peer.rank] = min(self._iterations.values(), default=0)
        try:
            self._serve(peer)
        except CommongroundError as error:
            if not self._stopping.is_set():
                log.warning("worker lost", rank=peer.rank, step=self.step, reason=str(error))
        finally:
            self._leave(peer)

    def _serve(self, peer: Peer) -> None:
        with self._turn:
            replica = None if self.codec.lossless else Replica(self.shard.weights, self.codec)
        peer.send_all(self.shard.weights if replica is None else replica.known)
        while (frame := peer.receive()).kind is not Kind.BYE:
            if frame.kind is not Kind.PULL:
                self._apply(peer, frame)
            self._answer(peer, frame, replica)

    def _apply(self, peer: Peer, frame: Frame) -> None:
        if frame.start == 0:
            self._wait_turn(peer)
        gradient = peer.gradient(frame)
        with self._turn:
            where = self.shard.clocks.ranges(frame.start, frame.stop)
            self.largest_staleness = max(self.largest_staleness, self.shard.clocks.staleness(peer.rank, where))
            self.shard.apply(frame.start, [(peer.rank, gradient)])
            if frame.stop == len(self.shard):
                self._iterations[peer.rank] += 1
                self.step += 1
                self.on_step(self.step)
                self._turn.notify_all()

    def _answer(self, peer: Peer, frame: Frame, replica: Replica | None) -> None:
        wanted = frame.kind is not Kind.PUSH
        where = self.shard.clocks.ranges(frame.start, frame.stop)
        payload, codec = memoryview(b""), 0
        with self._turn:
            version = (
                self.shard.clocks.sent(peer.rank, where) if wanted else int(self.shard.clocks.version[where.start])
            )
            if wanted and peer.slot is None:
                payload, codec = payload_of(self.shard, replica, frame.start, frame.count)
        peer.answer(frame.start, frame.count if wanted else 0, version, payload, codec)

    def _wait_turn(self, peer: Peer) -> None:
        """Hold back a worker that is too far ahead of the slowest."""
        bound = self.shard.options.staleness_bound
        if bound is None:
            return
        with self._turn:
            self._turn.wait_for(lambda: self._iterations[peer.rank] - min(self._iterations.values()) <= bound)

    def _leave(self, peer: Peer) -> None:
        with self._turn:
            with contextlib.suppress(ValueError):
                self.peers.remove(peer)
            if all(other.rank != peer.rank for other in self.peers):
                self._iterations.pop(peer.rank, None)
            self._turn.notify_all()
        peer.connection.close()
