"""The server's side of clients that other processes play."""

import queue
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass

from commonground.errors import CommongroundError, InvalidFrame, ParameterServerLost
from commonground.telemetry import logger
from commonground.training.federated import wire
from commonground.training.federated.beats import beating
from commonground.training.federated.messages import Advertise, Answer, Answers, Array, Question, Train
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.handshake import challenge
from commonground.training.parameter_server.socket import Connection, attend_each, listen

GREETING = 5.0
STRANGERS = 64
"""Connections that may be in their handshake at once."""


@dataclass(frozen=True, eq=False)
class _Worker:
    rank: int
    connection: Connection


@dataclass(frozen=True)
class _Arrived:
    """A reply; without one, the worker is gone."""

    worker: _Worker
    reply: wire.Reply | None = None
    array: Array | None = None


class Workers:
    """Listens for workers that know ``token`` and deals clients among those that are there. Implements :class:`Clients`.

    A worker that is lost takes the clients it plays with it, until the next round; one that comes back (or late) plays from then on.
    """

    def __init__(self, host: str, token: str, workers: int, size: int, *, heartbeat: float = 10.0) -> None:
        self._token, self._count, self._size = token, workers, size
        self._heartbeat = heartbeat
        self._workers: dict[int, _Worker] = {}
        self._left: set[int] = set()
        self._ending = False
        self._changed = threading.Condition()
        self._arrived: queue.SimpleQueue[_Arrived] = queue.SimpleQueue()
        self._places: dict[int, _Worker] = {}
        self._exchange = 0
        self._strangers = threading.BoundedSemaphore(STRANGERS)
        self._listener = listen(host, 0)
        self.address = f"{host}:{self._listener.getsockname()[1]}"
        threading.Thread(target=attend_each, args=[self._listener, self._strangers, self._greet], daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Until all workers are there, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._workers) == self._count, seconds)

    def ask(self, questions: Mapping[int, Question], parameters: Floats | None, deadline: float) -> Answers:
        """The answers that came in time. Where no worker is there, waits for one as long."""
        end = time.monotonic() + deadline
        self._exchange += 1
        waiting: dict[_Worker, set[int]] = {}
        for worker, part in self._dealt(questions, deadline).items():
            if self._send(worker, part, parameters):
                waiting[worker] = set(part)
        answers: dict[int, tuple[Answer, Array | None]] = {}
        while any(waiting.values()):
            try:
                arrived = self._arrived.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            if arrived.reply is None:
                waiting.pop(arrived.worker, None)
            elif arrived.reply.exchange == self._exchange and arrived.reply.client in waiting.get(arrived.worker, ()):
                waiting[arrived.worker].remove(arrived.reply.client)
                answers[arrived.reply.client] = arrived.reply.answer, arrived.array
        return answers

    def end(self, patience: float = 30.0) -> None:
        """Tell every worker that it is over, also one that is just starting again."""
        with self._changed:
            self._ending = True
            for worker in self._workers.values():
                self._dismiss(worker)
            self._changed.wait_for(lambda: len(self._left) == self._count, patience)

    def close(self) -> None:
        """Take no more connections, and end those there are."""
        self._listener.close()
        with self._changed:
            for worker in self._workers.values():
                worker.connection.close()

    def _dealt(self, questions: Mapping[int, Question], patience: float) -> dict[_Worker, dict[int, Question]]:
        """Who plays whom. Within a round a client stays where it is: its secrets are there."""
        dealt: dict[_Worker, dict[int, Question]] = {}
        with self._changed:
            self._changed.wait_for(lambda: self._workers, patience)
            there = [self._workers[rank] for rank in sorted(self._workers)]
            for index, (client, question) in enumerate(questions.items()):
                if isinstance(question, Train | Advertise) and there:
                    self._places[client] = there[index % len(there)]
                place = self._places.get(client)
                if place in there:
                    dealt.setdefault(place, {})[client] = question
        return dealt

    def _send(self, worker: _Worker, part: dict[int, Question], parameters: Floats | None) -> bool:
        try:
            wire.send(worker.connection, Kind.PUT, wire.Order(self._exchange, part, parameters is not None), parameters)
        except ParameterServerLost:
            worker.connection.close()  # its reader says so
            return False
        return True

    def _greet(self, stream: socket.socket) -> None:
        with closing(Connection(stream, GREETING)) as connection, suppress(CommongroundError):
            try:
                rank, proof = challenge(connection, self._token, self._count)
                connection.send_message(Kind.WELCOME, wire.Welcome(proof, self._size, self._heartbeat))
            finally:
                self._strangers.release()
            connection.set_deadline(self._heartbeat)
            with beating(connection, self._heartbeat / 3):
                self._attend(_Worker(rank, connection))

    def _attend(self, worker: _Worker) -> None:
        """Read what a worker sends until it leaves or is lost."""
        with self._changed:
            if (former := self._workers.get(worker.rank)) is not None:
                former.connection.close()
            self._workers[worker.rank] = worker
            if self._ending:
                self._dismiss(worker)
            self._changed.notify_all()
        try:
            while (reply := wire.receive(worker.connection, Kind.VALUE, wire.Reply)) is not None:
                array = wire.receive_array(worker.connection, self._size, reply.array) if reply.array else None
                self._arrived.put(_Arrived(worker, reply, array))
            self._remove(worker, left=True)
        except (ParameterServerLost, InvalidFrame) as error:
            logger().warning("a worker is lost", rank=worker.rank, reason=str(error))
            self._remove(worker, left=False)

    def _remove(self, worker: _Worker, *, left: bool) -> None:
        self._arrived.put(_Arrived(worker))
        with self._changed:
            if self._workers.get(worker.rank) is worker:
                del self._workers[worker.rank]
            if left:
                self._left.add(worker.rank)
            self._changed.notify_all()

    @staticmethod
    def _dismiss(worker: _Worker) -> None:
        with suppress(ParameterServerLost):
            worker.connection.send(Frame(Kind.BYE))
