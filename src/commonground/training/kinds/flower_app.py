"""What Flower executes, in its own environment: the rounds as a ServerApp, the clients of a site as a ClientApp.

The rounds are the same as without Flower; it carries the questions and answers. Every question to a site starts a process there.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.app import Context as FlowerContext
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp

from commonground.compute.kinds import named
from commonground.compute.reporting import REPORT_FD
from commonground.compute.runs.model import Resources
from commonground.training.context import Context
from commonground.training.federated import wire
from commonground.training.federated.messages import Answers, Question
from commonground.training.federated.participant import Participant
from commonground.training.kinds import federated, flower
from commonground.training.parameter_server.arrays import Floats

PARAMETERS, TEXT = "parameters", "text"

server, client = ServerApp(), ClientApp()


class Sites:
    """Clients at the sites a SuperLink knows. Implements :class:`Clients`."""

    def __init__(self, grid: Grid, sites: int) -> None:
        self._grid, self._exchange = grid, 0
        self._nodes(sites, federated.JOINING)

    def ask(self, questions: Mapping[int, Question], parameters: Floats | None, deadline: float) -> Answers:
        """One message to each site, with all questions to the clients there."""
        self._exchange += 1
        end, nodes = time.monotonic() + deadline, self._nodes(1, deadline)
        dealt = {node: dict(list(questions.items())[index :: len(nodes)]) for index, node in enumerate(nodes)}
        sent = [self._message(node, part, parameters) for node, part in dealt.items() if part]
        replies = self._grid.send_and_receive(sent, timeout=max(0.0, end - time.monotonic()))
        return dict(
            pair for reply in replies if not reply.has_error() for pair in _answers(reply.content, self._exchange)
        )

    def _nodes(self, least: int, patience: float) -> list[int]:
        give_up = time.monotonic() + patience
        while len(nodes := sorted(self._grid.get_node_ids())) < least and time.monotonic() < give_up:
            time.sleep(0.2)
        return nodes

    def _message(self, node: int, part: dict[int, Question], parameters: Floats | None) -> Message:
        order = wire.Order(self._exchange, part, parameters is not None)
        content = RecordDict({TEXT: ConfigRecord({TEXT: msgspec.json.encode(order)})})
        if parameters is not None:
            content[PARAMETERS] = ArrayRecord({PARAMETERS: Array(parameters)})
        return Message(content, dst_node_id=node, message_type="train", group_id=str(self._exchange))


def _answers(content: RecordDict, exchange: int) -> Iterator[tuple[int, Any]]:
    for reply in msgspec.json.decode(content[TEXT][TEXT], type=list[wire.Reply]):
        if reply.exchange == exchange:
            array = content[PARAMETERS][str(reply.client)].numpy() if reply.array else None
            yield reply.client, (reply.answer, array)


@server.main()  # type: ignore[untyped-decorator]
def lead(grid: Grid, _: FlowerContext) -> None:
    """All rounds; then the program is saved, and the process that started Flower told."""
    os.environ[REPORT_FD] = str(os.open(os.environ[flower.REPORTS], os.O_WRONLY))
    specification = _specification()
    plan, context = federated.plan_of(specification), Context.of_environment()
    program = named(specification["entry"])(context)
    sites = msgspec.convert(specification["resources"], Resources).workers
    federated.train(plan, context, program, Sites(grid, sites))
    os.write(int(os.environ[REPORT_FD]), flower.ENDED)


@client.train()  # type: ignore[untyped-decorator]
def follow(message: Message, _: FlowerContext) -> Message:
    """The answers of the clients that this site plays."""
    specification = _specification()
    with suppress(KeyError):
        os.environ.pop(REPORT_FD)  # the descriptor is not this process's
    order = msgspec.json.decode(message.content[TEXT][TEXT], type=wire.Order)
    parameters = message.content[PARAMETERS][PARAMETERS].numpy().copy() if order.parameters else None
    program = named(specification["entry"])(Context.of_environment())
    participant = Participant(program, federated.plan_of(specification))
    replies, arrays = [], {}
    for number, question in order.questions.items():
        answer, array = participant.answer(number, question, parameters)
        replies.append(wire.Reply(order.exchange, number, answer, wire.type_of(array)))
        if array is not None:
            arrays[str(number)] = Array(array)
    content = RecordDict({TEXT: ConfigRecord({TEXT: msgspec.json.encode(replies)}), PARAMETERS: ArrayRecord(arrays)})
    return Message(content, reply_to=message)


def _specification() -> dict[str, Any]:
    specification: dict[str, Any] = msgspec.json.decode(os.environ["CG_SPEC"])
    return specification
