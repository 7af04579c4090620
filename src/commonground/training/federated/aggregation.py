"""How updates of one round become their sum: in the open, or under masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from commonground.errors import TooFewClients
from commonground.telemetry import logger
from commonground.training.federated import messages
from commonground.training.federated.messages import Answers, Clients, Question
from commonground.training.federated.options import quorum_of
from commonground.training.federated.participant import Plan
from commonground.training.federated.secure_aggregation import Server, threshold_of
from commonground.training.parameter_server.arrays import Floats

A = TypeVar("A")


@dataclass(frozen=True)
class Total:
    """``sum`` of ``weight * difference`` over the clients that ``reported``, their ``weight`` in all, and their mean loss."""

    sum: Floats
    weight: float
    reported: tuple[int, ...]
    loss: float


class Aggregation(Protocol):
    """One round's questions and answers."""

    def __call__(self, clients: Clients, plan: Plan, sampled: Sequence[int], round_: int, parameters: Floats) -> Total:
        """The total of the clients that answered; :class:`TooFewClients`."""
        ...


def open_sum(clients: Clients, plan: Plan, sampled: Sequence[int], round_: int, parameters: Floats) -> Total:
    """Every update as it is, added in the order of clients, so that the same answers make the same bits."""
    question = messages.Train(round_, len(sampled))
    answers = clients.ask(dict.fromkeys(sampled, question), parameters, plan.options.deadline)
    found = {
        client: answer
        for client, answer in _of(answers, messages.Trained).items()
        if _usable(answers, client, parameters)
    }
    _enough("Round", found, quorum_of(plan.options.quorum, len(sampled)))
    weights = {client: 1.0 if plan.privacy else float(found[client].examples) for client in sorted(found)}
    total = np.zeros(len(parameters), np.float64)
    for client, weight in weights.items():
        total += weight * _array(answers, client)
    return Total(total.astype(np.float32), sum(weights.values()), tuple(weights), _loss(found))


def secure_sum(clients: Clients, plan: Plan, sampled: Sequence[int], round_: int, parameters: Floats) -> Total:
    """The sum without the parts: four questions, each to those that answered the one before."""
    options, size = plan.options, len(sampled)
    assert options.secure_aggregation is not None
    least = max(quorum_of(options.quorum, size), threshold_of(size, options.secure_aggregation.threshold))
    server, deadline = Server(least), options.deadline
    advertised = _of(
        clients.ask(dict.fromkeys(sampled, messages.Advertise(round_)), None, deadline), messages.Advertised
    )
    keys = dict(server.keys({client: answer.keys for client, answer in advertised.items()}))
    shared = _of(clients.ask(dict.fromkeys(keys, messages.Share(keys, least)), None, deadline), messages.Shared)
    mail = server.deliver({client: answer.shares for client, answer in shared.items()})
    weights = _weights(plan, {client: advertised[client].examples for client in mail})
    training: dict[int, Question] = {
        client: messages.TrainMasked(round_, size, weights[client], sealed) for client, sealed in mail.items()
    }
    answers = clients.ask(training, parameters, deadline)
    trained = _of(answers, messages.Trained)
    arrived = server.add({client: _array(answers, client).view(np.uint32) for client in trained})
    opened = _of(
        clients.ask(dict.fromkeys(arrived, messages.Open(list(arrived))), None, deadline), messages.OpenedShares
    )
    ring = server.unmask({client: answer.opened for client, answer in opened.items()})
    total = plan.quantisation(size).decode_sum(ring, len(arrived))
    return Total(total, sum(weights[client] for client in arrived), arrived, _loss(trained))


def _weights(plan: Plan, examples: Mapping[int, int]) -> dict[int, float]:
    """At most 1, so that what was clipped stays so."""
    if plan.privacy is not None:
        return dict.fromkeys(examples, 1.0)
    largest = max(examples.values())
    return {client: count / largest for client, count in examples.items()}


def _of(answers: Answers, kind: type[A]) -> dict[int, A]:
    """The answers of a kind, in the order of clients; what failed is told in the log and not there, as anything else."""
    for client, (answer, _) in sorted(answers.items()):
        if isinstance(answer, messages.Failed):
            logger().warning("a client failed", client=client, reason=answer.reason)
    return {client: answer for client, (answer, _) in sorted(answers.items()) if isinstance(answer, kind)}


def _array(answers: Answers, client: int) -> messages.Array:
    array = answers[client][1]
    assert array is not None
    return array


def _usable(answers: Answers, client: int, parameters: Floats) -> bool:
    array = answers[client][1]
    return array is not None and array.shape == parameters.shape and bool(np.isfinite(array).all())


def _enough(step: str, there: Mapping[int, object], needed: int) -> None:
    if len(there) < needed:
        raise TooFewClients(step=step, there=len(there), needed=needed)


def _loss(trained: Mapping[int, messages.Trained]) -> float:
    examples = sum(answer.examples for answer in trained.values())
    return sum(answer.examples * answer.loss for answer in trained.values()) / max(1, examples)
