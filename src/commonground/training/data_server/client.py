"""A worker's view of the data servers: a source whose rows were read before they are asked for."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Self

import numpy as np

from commonground.errors import InvalidFrame, ParameterServerLost
from commonground.training.data_server.batch import decode
from commonground.training.data_server.leases import Lease
from commonground.training.parameter_server.frame import MAX_PAYLOAD, Frame, Kind
from commonground.training.parameter_server.handshake import Proven, message_of, prove, read_message
from commonground.training.parameter_server.socket import connect
from commonground.training.program import Batch, Indices

SILENCE = 10.0
"""Seconds without a sign of life after which a data server is taken for lost."""
RETRY = 0.05


class _Server:
    """One data server, and what was asked of it and not answered yet."""

    def __init__(self, address: str, token: str, rank: int) -> None:
        self.connection = connect(address, SILENCE)
        try:
            prove(self.connection, token, rank, Proven)
            self.rows = read_message(self.connection, Kind.VALUE, int)
        except BaseException:
            self.connection.close()
            raise
        self.asked: deque[int] = deque()

    def ask(self, ticket: int, rows: Indices) -> None:
        self.asked.append(ticket)
        payload = np.ascontiguousarray(rows, np.int64)
        self.connection.send(Frame(Kind.READ, size=payload.nbytes), payload.view(np.uint8).data)


class RemoteSource:
    """Rows from data servers. ``locate(number)`` is the address of a server, asked again after it was lost: whoever was
    started in its place goes on. With :meth:`expect` batches are read ahead, each by the server with the least to do; what a lost server
    owed is asked of the others, so every batch is delivered once.

    ``ParameterServerLost`` when none answers for ``patience`` seconds. One thread at a time.
    """

    def __init__(
        self, locate: Callable[[int], str], servers: int, token: str, rank: int = 0, *,
        prefetch: int = 4, patience: float = 60.0,
    ) -> None:  # fmt: skip
        self._locate, self._count, self._token, self._rank = locate, servers, token, rank
        self._prefetch, self._patience = prefetch, patience
        self._servers: dict[int, _Server] = {}
        self._coming: Iterator[Indices] = iter(())
        self._ahead: deque[tuple[int, Indices]] = deque()
        self._open: dict[int, Indices] = {}
        self._here: dict[int, Batch] = {}
        self._tickets = 0
        self._find()
        self._rows = next(iter(self._servers.values())).rows

    def __len__(self) -> int:
        return self._rows

    def expect(self, coming: Iterable[Indices]) -> None:
        """What will be read, in this order: it is asked for ahead. What was expected before is forgotten."""
        self._coming = iter(coming)
        self._ahead.clear()

    def read(self, rows: Indices) -> Batch:
        """These rows, in this order; :class:`InvalidFrame` where there are no such rows."""
        if len(rows) and not (rows.min() >= 0 and rows.max() < self._rows):
            raise InvalidFrame(reason=f"there are rows 0 to {self._rows - 1}")
        self._fill()
        while self._ahead and not np.array_equal(self._ahead[0][1], rows):
            self._ahead.popleft()  # not what was expected: its answer is dropped when it comes
        ticket = self._ahead.popleft()[0] if self._ahead else self._ask(rows)
        self._fill()
        while ticket not in self._here:
            self._receive(self._server_of(ticket))
        wanted = {waiting for waiting, _ in self._ahead}
        found = self._here.pop(ticket)
        self._here = {number: batch for number, batch in self._here.items() if number in wanted}
        return found

    def lease(self) -> Lease | None:
        """The rows to train on next; asking says that those before are done. Server 0 lends them."""
        while True:
            if 0 not in self._servers:
                self._find()
            server = self._servers.get(0)
            if server is None:
                continue
            try:
                server.connection.send(Frame(Kind.LEASE))
                while (frame := server.connection.receive()).kind is not Kind.VALUE:
                    self._take(server, frame)
                return message_of(server.connection, frame, Kind.VALUE, Lease | None)  # type: ignore[arg-type]
            except ParameterServerLost:
                self._lose(0)

    def close(self) -> None:
        """Leave the servers."""
        for server in self._servers.values():
            server.connection.close()
        self._servers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fill(self) -> None:
        while len(self._ahead) < self._prefetch and (rows := next(self._coming, None)) is not None:
            self._ahead.append((self._ask(rows), rows))

    def _ask(self, rows: Indices) -> int:
        self._tickets += 1
        self._open[self._tickets] = rows
        self._send(self._tickets)
        return self._tickets

    def _send(self, ticket: int) -> None:
        """Ask the server with the least to do."""
        while True:
            self._find()
            number = min(self._servers, key=lambda one: len(self._servers[one].asked))
            try:
                self._servers[number].ask(ticket, self._open[ticket])
            except ParameterServerLost:
                self._servers[number].asked.pop()
                self._lose(number)
            else:
                return

    def _server_of(self, ticket: int) -> int:
        return next(number for number, server in self._servers.items() if ticket in server.asked)

    def _receive(self, number: int) -> None:
        """Take the next answer of a server; if it is lost, ask others for what it owed."""
        try:
            server = self._servers[number]
            self._take(server, server.connection.receive())
        except ParameterServerLost:
            self._lose(number)

    def _take(self, server: _Server, frame: Frame) -> None:
        if frame.kind is Kind.BEAT:
            return
        if frame.kind is not Kind.BATCH:
            message_of(server.connection, frame, Kind.BATCH, Proven)  # raises the refusal, or that it is none
            raise InvalidFrame(reason=f"{frame.kind.name} where BATCH belongs")
        batch = decode(memoryview(server.connection.receive_payload(frame, MAX_PAYLOAD)))
        ticket = server.asked.popleft()
        del self._open[ticket]
        self._here[ticket] = batch

    def _lose(self, number: int) -> None:
        server = self._servers.pop(number)
        server.connection.close()
        for ticket in server.asked:
            self._send(ticket)

    def _find(self) -> None:
        """Connect to the servers that can be reached; waits until there is one."""
        give_up = time.monotonic() + self._patience
        while True:
            for number in set(range(self._count)) - set(self._servers):
                try:
                    self._servers[number] = _Server(self._locate(number), self._token, self._rank)
                except ParameterServerLost as error:
                    lost = error
            if self._servers:
                return
            if time.monotonic() > give_up:
                raise ParameterServerLost(reason=f"no data server answers: {lost}")
            time.sleep(RETRY)
