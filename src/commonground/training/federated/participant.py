"""The clients' side: trains on a client's own rows, and says nothing but the difference that made."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from commonground.errors import CommongroundError, InvalidContribution
from commonground.training.federated import messages
from commonground.training.federated.messages import Answer, Array, Question
from commonground.training.federated.options import Options, quorum_of
from commonground.training.federated.partition import parts
from commonground.training.federated.secure_aggregation import Client, Quantisation
from commonground.training.parameter_server.arrays import Floats
from commonground.training.privacy.mechanism import clip, gaussian_noise
from commonground.training.privacy.plan import Privacy
from commonground.training.program import Indices, Program

NOISE_WIDTH = 6.0
"""Deviations of noise that secure aggregation leaves room for: what is cut off is less than a millionth."""


@dataclass(frozen=True)
class Plan:
    """What both sides know. ``noise`` is the multiplier of the Gaussian noise, 0 without privacy."""

    options: Options
    privacy: Privacy | None = None
    noise: float = 0.0
    seed: int = 0

    def deviation(self, sampled: int) -> float:
        """Of the noise each client adds: as many clients as must be there make up all of it."""
        if self.privacy is None:
            return 0.0
        return self.noise * self.privacy.clip / math.sqrt(quorum_of(self.options.quorum, sampled))

    def quantisation(self, sampled: int) -> Quantisation:
        """How updates become numbers of the ring."""
        secure = self.options.secure_aggregation
        assert secure is not None
        if self.privacy is None:
            return Quantisation(secure.clip)
        return Quantisation(self.privacy.clip + NOISE_WIDTH * self.deviation(sampled))


class Participant:
    """Plays any of the clients, one at a time, all with one program. A client's answer depends on seed, round, number and
    parameters alone (but for noise and masks): it is the same whichever process plays it.
    """

    def __init__(self, program: Program, plan: Plan) -> None:
        self.program, self.plan = program, plan
        self._rows: list[Indices] = parts(plan.options.partition, program.data, plan.options.clients, plan.seed)
        self._gradient = np.empty_like(program.parameters)
        self._secure: dict[int, Client] = {}

    def answer(self, client: int, question: Question, parameters: Floats | None) -> tuple[Answer, Array | None]:
        """What a client answers; what it cannot do is an answer, too."""
        try:
            return self._answer(client, question, parameters)
        except CommongroundError as error:
            return messages.Failed(str(error)), None

    def _answer(self, client: int, question: Question, parameters: Floats | None) -> tuple[Answer, Array | None]:
        if isinstance(question, messages.Train):
            return self._train(client, question.round, question.sampled, parameters)
        if isinstance(question, messages.Advertise):
            self._secure[client] = Client(client)
            return messages.Advertised(self._secure[client].advertise(), len(self._rows[client])), None
        if isinstance(question, messages.Share):
            return messages.Shared(self._client(client).share(question.keys, question.threshold)), None
        if isinstance(question, messages.TrainMasked):
            return self._train_masked(client, question, parameters)
        return messages.OpenedShares(self._client(client).open(question.arrived)), None

    def _client(self, client: int) -> Client:
        if client not in self._secure:
            raise InvalidContribution(client=client, reason="this process does not play it in this round")
        return self._secure[client]

    def _train(
        self, client: int, round_: int, sampled: int, parameters: Floats | None
    ) -> tuple[messages.Trained, Floats]:
        program, rows = self.program, self._rows[client]
        if parameters is None or parameters.shape != program.parameters.shape:
            raise InvalidContribution(client=client, reason="the parameters are of another program")
        program.parameters[:] = parameters
        loss = self._epochs(client, round_, parameters)
        difference = program.parameters - parameters
        if self.plan.privacy is not None:
            difference = clip(difference, self.plan.privacy.clip)
            difference += gaussian_noise(difference.shape, self.plan.deviation(sampled))
        return messages.Trained(len(rows), loss), difference

    def _epochs(self, client: int, round_: int, start: Floats) -> float:
        """Plain SGD over the client's rows, ``epochs`` times; the mean loss of the examples as they were met."""
        options, program, rows = self.plan.options, self.program, self._rows[client]
        rate, mu, total = np.float32(options.learning_rate), np.float32(options.strategy.mu), 0.0
        random = np.random.default_rng((self.plan.seed, round_, client))
        for _ in range(options.epochs):
            order = random.permutation(rows)
            for first in range(0, len(order), options.batch):
                batch = order[first : first + options.batch]
                total += len(batch) * program.gradient(program.data.read(batch), self._gradient)
                if mu:
                    self._gradient += mu * (program.parameters - start)
                self._gradient *= rate
                np.subtract(program.parameters, self._gradient, out=program.parameters)
        return total / (options.epochs * len(rows))

    def _train_masked(
        self, client: int, question: messages.TrainMasked, parameters: Floats | None
    ) -> tuple[Answer, Array | None]:
        secure = self._client(client)
        trained, difference = self._train(client, question.round, question.sampled, parameters)
        weighted = difference * np.float32(question.weight)
        vector = self.plan.quantisation(question.sampled).encode(weighted)
        return trained, secure.mask(vector, question.sealed)


class Embedded:
    """All clients in this process. Implements :class:`Clients`; late is who had not answered when the time was over."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant

    def ask(self, questions: Mapping[int, Question], parameters: Floats | None, deadline: float) -> messages.Answers:
        """One after another."""
        import time

        end, answers = time.monotonic() + deadline, {}
        for client, question in questions.items():
            answer = self._participant.answer(client, question, parameters)
            if time.monotonic() > end:
                break
            answers[client] = answer
        return answers
