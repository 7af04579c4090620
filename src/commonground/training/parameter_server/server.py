"""One parameter server: a shard, the workers that come and go, and snapshots."""

import secrets
import socket
import threading

import numpy as np
import structlog

from commonground.errors import CommongroundError
from commonground.training.parameter_server.arrays import Floats, as_bytes
from commonground.training.parameter_server.asynchronous import Asynchronous
from commonground.training.parameter_server.codec import Float32, codec_named
from commonground.training.parameter_server.configuration import ShardConfiguration
from commonground.training.parameter_server.frame import Kind
from commonground.training.parameter_server.handshake import Choice, Welcome, challenge, read_message
from commonground.training.parameter_server.peer import Peer
from commonground.training.parameter_server.shard import Shard
from commonground.training.parameter_server.shared_memory import Segment
from commonground.training.parameter_server.snapshot import Arrays, Snapshots
from commonground.training.parameter_server.socket import Connection, listen
from commonground.training.parameter_server.sparse import SparseTable
from commonground.training.parameter_server.synchronous import Synchronous

log = structlog.get_logger()
GREETING = 5.0
"""Seconds a stranger has to prove that it belongs here."""
STRANGERS = 64
SETTLING = 60.0
"""Seconds a worker has to open the shared memory, and to bring weights to the shards before this one."""


class Server:
    """Listens, keeps its shard and serves until :meth:`stop`."""

    def __init__(self, configuration: ShardConfiguration) -> None:
        self.configuration, self.options = configuration, configuration.options
        self.segment = self._open_segment()
        self.shard = Shard(self._weights(), self.options)
        self.codec = codec_named(self.options.codec, self.options.top_k)
        self.mode = self._mode()
        self.snapshots = Snapshots.of(configuration) if configuration.snapshots else None
        if self.snapshots:
            self.mode.step = self.snapshots.restore(self.shard, self._extra(), configuration.step)
        self._filled = threading.Event()
        if self.mode.step or not configuration.awaits_weights:
            self._filled.set()
        self.generation = secrets.randbits(32)
        self._stopping = threading.Event()
        self._strangers = threading.BoundedSemaphore(STRANGERS)
        self._listener = listen(configuration.host, configuration.port)

    @property
    def address(self) -> str:
        """``host:port``."""
        host, port = self._listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def run(self) -> None:
        """Serve until :meth:`stop`; call it once."""
        for work in (self._accept, self._beat):
            threading.Thread(target=work, daemon=True).start()
        self.mode.run(self._stopping)

    def stop(self) -> None:
        """Let everyone go."""
        self._stopping.set()
        self._filled.set()
        self._listener.close()
        for peer in list(self.mode.peers):
            peer.connection.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                stream, _ = self._listener.accept()
            except OSError:  # closed
                return
            if self._strangers.acquire(blocking=False):
                threading.Thread(target=self._greet, args=[stream], daemon=True).start()
            else:
                stream.close()

    def _greet(self, stream: socket.socket) -> None:
        connection = Connection(stream, GREETING)
        try:
            peer = self._welcome(connection)
        except CommongroundError as error:
            log.warning("a worker was not welcome", reason=str(error))
            connection.close()
            return
        finally:
            self._strangers.release()
        connection.set_deadline(self.options.heartbeat)
        self._filled.wait()
        self.mode.join(peer)

    def _welcome(self, connection: Connection) -> Peer:
        rank, proof = challenge(connection, self.configuration.token, self.options.workers)
        connection.set_deadline(SETTLING)
        connection.send_message(Kind.WELCOME, self._facts(rank, proof))
        choice = read_message(connection, Kind.HELLO, Choice)
        if choice.weights and rank == 0 and not self._filled.is_set():
            self._fill(connection)
        slot = self._of_shard(self.segment.gradient(rank)) if choice.shared_memory and self.segment else None
        codec = Float32() if slot is not None else self.codec
        return Peer(connection, rank, self.shard, codec, slot, self.generation)

    def _fill(self, connection: Connection) -> None:
        """Take the weights training begins with."""
        connection.receive_into(as_bytes(self.shard.weights))
        if isinstance(self.mode, Synchronous) and self.mode.replica:
            np.copyto(self.mode.replica.known, self.shard.weights)
        self._filled.set()

    def _facts(self, rank: int, proof: str) -> Welcome:
        configuration, options = self.configuration, self.options
        return Welcome(
            proof=proof,
            size=configuration.size,
            start=configuration.start,
            stop=configuration.stop,
            workers=options.workers,
            chunk=options.chunk,
            codec=options.codec,
            top_k=options.top_k,
            heartbeat=options.heartbeat,
            generation=self.generation,
            step=self.mode.step,
            dimension=options.dimension,
            segment=(configuration.segment or self.segment.path) if self.segment else "",
            identity=self.segment.identity.hex() if self.segment else "",
            pushed=self.shard.clocks.of_worker(rank),
            empty=not self._filled.is_set(),
        )

    def _beat(self) -> None:
        """Tell waiting workers that we live, however long they wait for the others."""
        while not self._stopping.wait(self.options.heartbeat / 3):
            for peer in list(self.mode.peers):
                try:
                    peer.connection.beat()
                except CommongroundError:  # whoever reads from it finds out
                    continue

    def _mode(self) -> Synchronous | Asynchronous | SparseTable:
        if self.options.dimension:
            return SparseTable(self.shard, self._stepped)
        mode = Synchronous if self.options.mode == "sync" else Asynchronous
        return mode(self.shard, self.codec, self._stepped)

    def _open_segment(self) -> Segment | None:
        if self.configuration.segment:
            return Segment.open(self.configuration.segment)
        if self.configuration.shards == 1:
            return Segment.create(self.configuration.size, self.options.workers)
        return None

    def _weights(self) -> Floats:
        if self.segment:
            return self._of_shard(self.segment.weights)
        return np.zeros(self.configuration.stop - self.configuration.start, np.float32)

    def _of_shard(self, values: Floats) -> Floats:
        return values[self.configuration.start : self.configuration.stop]

    def _extra(self) -> Arrays:
        replica = self.mode.replica if isinstance(self.mode, Synchronous) else None
        return {"replica": replica.known} if replica else {}

    def _stepped(self, step: int) -> None:
        if self.snapshots and self.options.snapshot_every and step % self.options.snapshot_every == 0:
            try:
                self.snapshots.save(self.shard, step, self._extra())
            except OSError as error:  # a full disk does not end the training; the snapshot before stays
                log.error("no snapshot", step=step, reason=str(error))
