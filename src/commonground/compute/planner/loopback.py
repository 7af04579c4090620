"""Latency, bandwidth and processor time of TCP between two processes of this machine."""

import multiprocessing
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from commonground.compute.planner.fit import relative
from commonground.compute.planner.model import Link

SIZES = (2**10, 2**20, 2**25)
"""Bytes of the messages; the line through their times gives latency and bandwidth."""
ROUNDS = {2**10: 200, 2**20: 24, 2**25: 5}
PATIENCE = 30.0
"""Seconds after which a peer that does not answer counts as lost."""


def measure_loopback() -> Link:
    """Messages one way, each answered by one byte. Raises :class:`OSError` where loopback does not work."""
    with _peer() as connection:
        before, started = time.process_time(), _peer_seconds(connection)
        seconds = {size: _one_way(connection, size) for size in SIZES}
        mine, theirs = time.process_time() - before, _peer_seconds(connection) - started
    sizes, times = np.array(SIZES, dtype=float), np.array([seconds[size] for size in SIZES])
    slope, start = relative(np.stack([sizes, np.ones_like(sizes)], axis=1), times)
    sent = sum(size * (rounds + 1) for size, rounds in ROUNDS.items())
    bandwidth = 1 / slope if slope > 0 else float((sizes / times).max())
    return Link(latency=float(start), bandwidth=float(bandwidth), processor=(mine + theirs) / sent)


def _one_way(connection: socket.socket, size: int) -> float:
    """Seconds until ``size`` bytes have arrived: a round trip less the way back of one byte."""
    message, runs = bytes(size), []
    _exchange(connection, message)
    for _ in range(ROUNDS[size]):
        start = time.perf_counter()
        _exchange(connection, message)
        runs.append(time.perf_counter() - start)
    median = statistics.median(runs)
    return median / 2 if size == SIZES[0] else median


def _exchange(connection: socket.socket, message: bytes) -> None:
    connection.sendall(len(message).to_bytes(8, "big") + message)
    _receive(connection, bytearray(1))


def _peer_seconds(connection: socket.socket) -> float:
    """Processor seconds the peer has used."""
    connection.sendall((0).to_bytes(8, "big"))
    answer = bytearray(8)
    _receive(connection, answer)
    return int.from_bytes(answer, "big") / 1e9


@contextmanager
def _peer() -> Iterator[socket.socket]:
    """A connection to a process of its own that takes messages; it ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(server.getsockname()[1],), daemon=True
        )
        process.start()
        try:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(PATIENCE)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                yield connection
        finally:
            process.join(1)
            process.kill()
            process.join()


def _serve(port: int) -> None:
    """The peer: a length, then as many bytes, answered by one; a length of 0 asks for the processor time."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer, header = bytearray(max(SIZES)), bytearray(8)
        try:
            while True:
                _receive(connection, header)
                size = int.from_bytes(header, "big")
                _receive(connection, memoryview(buffer)[:size])
                connection.sendall(b"\0" if size else time.process_time_ns().to_bytes(8, "big"))
        except (ConnectionError, TimeoutError):
            return


def _receive(connection: socket.socket, target: bytearray | memoryview) -> None:
    view = memoryview(target)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise ConnectionError("the peer of the measurement ended")
        view = view[count:]
