"""How the processes of a run meet: a small table of addresses and signals, kept by one of them, open to those who know the token."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any, Self

import msgspec

from commonground.errors import CommongroundError, InvalidFrame, ParameterServerLost
from commonground.training.parameter_server.frame import Kind
from commonground.training.parameter_server.handshake import Proven, challenge, message_of, prove
from commonground.training.parameter_server.socket import Connection, attend_each, connect, listen

ENTRIES = 65_536
"""Most entries of a table."""
GREETING = 5.0
BEAT = 1.0
SILENCE = 10.0
"""Seconds without a sign of life after which the table is taken for lost."""
RETRY = 0.02
STRANGERS = 64


class Entry(msgspec.Struct, frozen=True):
    """A name and what belongs to it, plain data of at most 64 KiB."""

    name: str
    value: Any = None


class Table:
    """Keeps the entries and answers whoever proves that it knows ``token``, until :meth:`close`."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._token = token
        self._entries: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._strangers = threading.BoundedSemaphore(STRANGERS)
        self._listener = listen(host, port)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=attend_each, args=[self._listener, self._strangers, self._greet], daemon=True).start()

    def close(self) -> None:
        """Take no more connections; those there are end with the process."""
        self._listener.close()

    def _greet(self, stream: socket.socket) -> None:
        with contextlib.suppress(CommongroundError), Connection(stream, GREETING) as connection:
            try:
                _, proof = challenge(connection, self._token, 1)
                connection.send_message(Kind.WELCOME, Proven(proof))
            finally:
                self._strangers.release()
            connection.set_deadline(0)  # none: whoever waits for its turn is silent
            while True:
                self._serve(connection)

    def _serve(self, connection: Connection) -> None:
        frame = connection.receive()
        try:
            entry = msgspec.json.decode(connection.receive_payload(frame), type=Entry)
        except msgspec.MsgspecError as error:
            raise InvalidFrame(reason=str(error)) from error
        if frame.kind is Kind.PUT:
            self._put(entry)
        elif frame.kind is not Kind.GET:
            raise InvalidFrame(reason=f"a rendezvous knows no {frame.kind.name}")
        connection.send_message(Kind.VALUE, self._wait(entry.name, connection))

    def _put(self, entry: Entry) -> None:
        with self._changed:
            if len(self._entries) >= ENTRIES and entry.name not in self._entries:
                raise InvalidFrame(reason=f"a rendezvous has at most {ENTRIES} entries")
            self._entries[entry.name] = entry.value
            self._changed.notify_all()

    def _wait(self, name: str, connection: Connection) -> Entry:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: name in self._entries, BEAT):
                    return Entry(name, self._entries[name])
            connection.beat()


class Rendezvous:
    """One process's way to the table. Raises ``ParameterServerLost`` and ``ParameterServerRefused``. One thread at a time."""

    def __init__(self, address: str, token: str, *, patience: float = 60.0) -> None:
        self._connection = _connected(address, patience)
        try:
            prove(self._connection, token, 0, Proven)
        except BaseException:
            self._connection.close()
            raise

    @property
    def host(self) -> str:
        """The address of this process as the table's host sees it, where the others can reach it."""
        return str(self._connection.stream.getsockname()[0])

    def put(self, name: str, value: Any = None) -> None:
        """Set an entry, which wakes whoever waits for it."""
        self._ask(Kind.PUT, Entry(name, value))

    def get(self, name: str) -> Any:
        """The value of an entry; waits until there is one."""
        return self._ask(Kind.GET, Entry(name))

    def gather(self, name: str, ranks: Iterable[int]) -> list[Any]:
        """The values of ``name.rank`` for each rank; waits until all are there."""
        return [self.get(f"{name}.{rank}") for rank in ranks]

    def close(self) -> None:
        """Leave."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, kind: Kind, entry: Entry) -> Any:
        self._connection.send_message(kind, entry)
        while (frame := self._connection.receive()).kind is Kind.BEAT:
            continue
        return message_of(self._connection, frame, Kind.VALUE, Entry).value


def _connected(address: str, patience: float) -> Connection:
    """Connect; whoever keeps the table may still be starting."""
    give_up = time.monotonic() + patience
    while True:
        try:
            return _connect(address)
        except ParameterServerLost:
            if time.monotonic() > give_up:
                raise
            time.sleep(RETRY)


def _connect(address: str) -> Connection:
    connection = connect(address, SILENCE)
    if connection.stream.getsockname() == connection.stream.getpeername():  # nobody listens yet: TCP met itself
        connection.close()
        raise ParameterServerLost(reason=f"cannot connect to {address}: it is this connection")
    return connection
