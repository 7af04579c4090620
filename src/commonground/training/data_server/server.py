"""One data server: reads the rows that workers ask for, a few batches ahead of what they have taken."""

import contextlib
import queue
import socket
import threading
from typing import Self

import numpy as np

from commonground.errors import CommongroundError, InvalidFrame
from commonground.training.data_server.batch import encode
from commonground.training.data_server.leases import Leases
from commonground.training.parameter_server.frame import MAX_PAYLOAD, Frame, Kind
from commonground.training.parameter_server.handshake import Proven, challenge
from commonground.training.parameter_server.socket import Connection, attend_each, listen
from commonground.training.program import Indices, Source

GREETING = 5.0
WORKERS = 65_535
CONNECTIONS = 1024
BEAT = 1.0
"""Seconds between signs of life while a batch is read."""


class DataServer:
    """Answers whoever proves to know ``token``: rows of ``source``, and with ``leases`` which rows to train on next.

    ``prefetch`` batches are read for each worker before it takes the first of them. ``source`` is read by one thread a worker.
    """

    def __init__(
        self, source: Source, token: str, *, host: str = "127.0.0.1", port: int = 0, prefetch: int = 4,
        leases: Leases | None = None,
    ) -> None:  # fmt: skip
        self._source, self._token, self._prefetch, self._leases = source, token, prefetch, leases
        self._listener = listen(host, port)
        name, number = self._listener.getsockname()[:2]
        self.address = f"{name}:{number}"
        self._room = threading.BoundedSemaphore(CONNECTIONS)
        threading.Thread(target=attend_each, args=[self._listener, self._room, self._attend], daemon=True).start()

    def close(self) -> None:
        """Take no more workers; those there are end with the process."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attend(self, stream: socket.socket) -> None:
        try:
            with contextlib.suppress(CommongroundError), Connection(stream, GREETING) as connection:
                rank, proof = challenge(connection, self._token, WORKERS)
                connection.send_message(Kind.WELCOME, Proven(proof))
                connection.send_message(Kind.VALUE, len(self._source))
                connection.set_deadline(0)  # a worker that computes is silent; one that is gone closes
                _Worker(connection, rank, self._source, self._prefetch, self._leases).serve()
        finally:
            self._room.release()


class _Worker:
    """One worker's connection: this thread takes its questions, another answers them in order."""

    def __init__(self, connection: Connection, rank: int, source: Source, prefetch: int, leases: Leases | None) -> None:
        self._connection, self._rank, self._source, self._leases = connection, rank, source, leases
        self._asked: queue.SimpleQueue[Indices | None] = queue.SimpleQueue()
        self._read: queue.Queue[list[memoryview] | str | None] = queue.Queue(prefetch)
        self._leased = False

    def serve(self) -> None:
        """Until the worker leaves or is lost."""
        threads = [threading.Thread(target=work, daemon=True) for work in (self._read_rows, self._send_batches)]
        for thread in threads:
            thread.start()
        try:
            while (frame := self._connection.receive()).kind is not Kind.BYE:
                self._take(frame)
        finally:
            if self._leases is not None and self._leased:
                self._leases.lost(self._rank)
            self._asked.put(None)
            self._connection.close()

    def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.LEASE and self._leases is not None:
            lease = self._leases.take(self._rank)
            self._leased = lease is not None
            self._connection.send_message(Kind.VALUE, lease)
        elif frame.kind is Kind.READ:
            rows = np.frombuffer(self._connection.receive_payload(frame, MAX_PAYLOAD), np.int64)
            if len(rows) and not (rows.min() >= 0 and rows.max() < len(self._source)):
                raise InvalidFrame(reason=f"there are rows 0 to {len(self._source) - 1}")
            self._asked.put(rows)
        else:
            raise InvalidFrame(reason=f"a data server knows no {frame.kind.name}")

    def _read_rows(self) -> None:
        while (rows := self._asked.get()) is not None:
            try:
                self._read.put(encode(self._source.read(rows)))
            except Exception as error:  # noqa: BLE001 - process edge: the source is the user's; the worker is told
                self._read.put(f"{type(error).__name__}: {error}")
        self._read.put(None)

    def _send_batches(self) -> None:
        try:
            while (answer := self._next()) is not None:
                if isinstance(answer, str):
                    self._connection.send_message(Kind.REFUSED, answer[:1000])
                else:
                    size = sum(len(part) for part in answer)
                    self._connection.send_parts(Frame(Kind.BATCH, size=size), answer)
        except CommongroundError:  # the worker is gone
            while self._read.get() is not None:  # so that the reader is not left waiting
                pass

    def _next(self) -> list[memoryview] | str | None:
        """The next answer; signs of life until there is one."""
        while True:
            try:
                return self._read.get(timeout=BEAT)
            except queue.Empty:
                self._connection.beat()
