"""The worker's side: arrays to read and write, and one call a step."""

import contextlib
from typing import Self

import numpy as np

from commonground.errors import CommongroundError, ParameterServerRefused
from commonground.training.parameter_server.arrays import Floats, as_bytes
from commonground.training.parameter_server.channel import Channel
from commonground.training.parameter_server.exchange import exchange
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.handshake import Choice, Welcome, introduce
from commonground.training.parameter_server.heartbeat import Heartbeat
from commonground.training.parameter_server.shared_memory import Segment
from commonground.training.parameter_server.socket import Connection, connect


class Worker:
    """A worker of a run: write :attr:`gradient`, call :meth:`push_pull`, read :attr:`weights`; both are float32 ``[size]``.

    ``address`` lists the shards, ``host:port`` separated by commas. Where worker and servers are on one host the arrays are theirs:
    nothing is copied, and :attr:`weights` may not be written. ``timeout`` is how long to wait to be let in; later a server may be
    silent for twice the heartbeat. ``initial`` are the weights for servers that wait for them from rank 0. :attr:`pushed` is how many
    gradients of this rank the servers had when it joined. Raises ``ParameterServerLost`` and ``ParameterServerRefused``; after the former a worker is of no
    use any more, make another. One thread at a time.
    """

    def __init__(
        self,
        address: str,
        rank: int = 0,
        token: str = "",
        *,
        shared_memory: bool = True,
        timeout: float = 60.0,
        initial: Floats | None = None,
    ) -> None:
        self.rank = rank
        self._closed = False
        self._connections: list[Connection] = []
        try:
            self._open(address, token, shared_memory, timeout, initial)
        except BaseException:
            self._disconnect()
            raise
        self._heartbeat = Heartbeat(self._connections, self._silence / 3)

    def push_pull(self) -> None:
        """Hand in the gradient and take the weights after it; under ``sync`` these are after everybody's."""
        self._exchange(Kind.PUSH_PULL)
        self.step += 1

    def push(self) -> None:
        """Hand in the gradient and go on with the old weights (``async``)."""
        self._exchange(Kind.PUSH)
        self.step += 1

    def pull(self) -> None:
        """Take the present weights (``async``)."""
        self._exchange(Kind.PULL)

    def close(self) -> None:
        """Leave; the others go on without this worker."""
        if self._closed:
            return
        self._closed = True
        self._heartbeat.stop()
        with self._heartbeat.busy:
            for channel in self._channels:
                with contextlib.suppress(CommongroundError):
                    channel.connection.send(Frame(Kind.BYE, rank=self.rank))
            self._disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, address: str, token: str, shared_memory: bool, timeout: float, initial: Floats | None) -> None:
        welcomes = [self._introduce(shard, token, timeout) for shard in address.split(",")]
        segment = _segment(welcomes) if shared_memory else None
        size = _size(welcomes)
        for connection, welcome in zip(self._connections, welcomes, strict=True):
            brings = initial is not None and welcome.empty
            connection.send_message(Kind.HELLO, Choice(segment is not None, brings))
            if initial is not None and brings:
                connection.send_bytes(as_bytes(initial[welcome.start : welcome.stop]))
        self.weights: Floats = segment.weights if segment else np.zeros(size, np.float32)
        self.gradient: Floats = segment.gradient(self.rank) if segment else np.zeros(size, np.float32)
        self._channels = [
            Channel(connection, welcome, self.weights[part], self.gradient[part], segment is not None)
            for connection, welcome in zip(self._connections, welcomes, strict=True)
            for part in [slice(welcome.start, welcome.stop)]
        ]
        self.step = min(welcome.step for welcome in welcomes)
        self.pushed = min(welcome.pushed for welcome in welcomes)
        self.workers = welcomes[0].workers
        self._silence = min(welcome.heartbeat for welcome in welcomes)
        exchange(self._channels, None, timeout)
        if segment:
            segment.close()
            self.weights.flags.writeable = False

    def _introduce(self, address: str, token: str, timeout: float) -> Welcome:
        connection = connect(address, timeout)
        self._connections.append(connection)
        return introduce(connection, token, self.rank)

    def _exchange(self, kind: Kind) -> None:
        with self._heartbeat.busy:
            exchange(self._channels, kind, 2 * self._silence)

    def _disconnect(self) -> None:
        for connection in self._connections:
            connection.close()


def _segment(welcomes: list[Welcome]) -> Segment | None:
    """The memory all shards share, if it is on this host and the same one."""
    first = welcomes[0]
    if not first.segment or any(welcome.identity != first.identity for welcome in welcomes):
        return None
    try:
        segment = Segment.open(first.segment)
    except OSError:
        return None
    return segment if segment.identity.hex() == first.identity else None


def _size(welcomes: list[Welcome]) -> int:
    """The size of the weights; ``ParameterServerRefused`` unless the shards cover them once, in order."""
    edges = [0, *(welcome.stop for welcome in welcomes)]
    starts = [welcome.start for welcome in welcomes]
    if welcomes[0].dimension:
        raise ParameterServerRefused(reason="these servers keep a table; use a SparseWorker")
    if starts != edges[:-1] or any(welcome.size != edges[-1] for welcome in welcomes):
        raise ParameterServerRefused(reason="the addresses are not the shards of one run, in their order")
    return edges[-1]
