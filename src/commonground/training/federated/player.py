"""The workers' side: a process that plays clients for a server elsewhere."""

import queue
import threading

from commonground.errors import CommongroundError, InvalidContribution
from commonground.training.federated import wire
from commonground.training.federated.beats import beating
from commonground.training.federated.messages import Array
from commonground.training.federated.participant import Participant
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.handshake import prove
from commonground.training.parameter_server.socket import Connection, connect

GREETING = 60.0
Orders = queue.SimpleQueue[tuple[wire.Order, Floats | None] | CommongroundError | None]


def play(address: str, token: str, rank: int, participant: Participant) -> None:
    """Play clients until the server says that it is over.

    ``ParameterServerLost`` when the server is; ``ParameterServerRefused`` for a wrong token; :class:`InvalidContribution` where
    this program is another than the server's.
    """
    with connect(address, GREETING) as connection:
        welcome = prove(connection, token, rank, wire.Welcome)
        if len(participant.program.parameters) != welcome.size:
            raise InvalidContribution(client=rank, reason="the program has another number of parameters here")
        with beating(connection, welcome.heartbeat / 3):
            connection.set_deadline(welcome.heartbeat)
            _Player(connection, participant, welcome.size).run()


class _Player:
    def __init__(self, connection: Connection, participant: Participant, size: int) -> None:
        self._connection, self._participant, self._size = connection, participant, size
        self._orders: Orders = queue.SimpleQueue()

    def run(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()
        while (order := self._orders.get()) is not None:
            if isinstance(order, CommongroundError):
                raise order
            self._carry_out(*order)
        self._connection.send(Frame(Kind.BYE))

    def _read(self) -> None:
        try:
            while (order := wire.receive(self._connection, Kind.PUT, wire.Order)) is not None:
                parameters: Array | None = None
                if order.parameters:
                    parameters = wire.receive_array(self._connection, self._size, "float32")
                self._orders.put((order, parameters))
            self._orders.put(None)
        except CommongroundError as error:
            self._orders.put(error)

    def _carry_out(self, order: wire.Order, parameters: Floats | None) -> None:
        for client, question in order.questions.items():
            if not self._orders.empty():  # the server goes on without what is missing
                return
            answer, array = self._participant.answer(client, question, parameters)
            reply = wire.Reply(order.exchange, client, answer, wire.type_of(array))
            wire.send(self._connection, Kind.VALUE, reply, array)
