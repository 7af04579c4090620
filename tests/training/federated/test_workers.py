"""Clients that other processes play: over loopback connections, authenticated, lost and come back."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

import numpy as np
import pytest

from commonground.errors import CommongroundError, ParameterServerRefused, TooFewClients
from commonground.training.federated import wire
from commonground.training.federated.options import Options, SecureAggregation
from commonground.training.federated.participant import Embedded, Participant, Plan
from commonground.training.federated.player import play
from commonground.training.federated.rounds import Rounds
from commonground.training.federated.workers import Workers
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.handshake import prove
from commonground.training.parameter_server.socket import Connection, connect
from tests.training.federated.programs import Mean

TOKEN = "a secret of the attempt"
Participants = Callable[[], Participant]


@contextmanager
def served(options: Options, workers: int = 2, **more: float) -> Iterator[tuple[Rounds, Workers, Participants]]:
    """Rounds whose clients are workers that have yet to come."""
    program, plan = Mean(), Plan(options, seed=3)
    with closing(Workers("127.0.0.1", TOKEN, workers, len(program.parameters), **more)) as clients:
        yield Rounds(program, plan, clients), clients, lambda: Participant(Mean(), plan)


@contextmanager
def playing(clients: Workers, participant: Participants, *ranks: int) -> Iterator[None]:
    """Workers in threads, until the end of the block."""
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(play, clients.address, TOKEN, rank, participant()) for rank in ranks]
        yield
        clients.end(10)
        for each in running:
            each.result(10)


def join(clients: Workers, rank: int) -> Connection:
    """A worker that is there and says nothing."""
    connection = connect(clients.address, 5)
    prove(connection, TOKEN, rank, wire.Welcome)
    return connection


@pytest.mark.parametrize("secure", [None, SecureAggregation()])
def test_workers_make_of_a_round_what_one_process_makes(secure: SecureAggregation | None) -> None:
    options = Options(clients=5, rounds=3, epochs=2, batch=4, secure_aggregation=secure)
    with served(options) as (rounds, clients, participant), playing(clients, participant, 0, 1):
        clients.wait(5)
        rounds.run()
    program, plan = Mean(), rounds.plan
    Rounds(program, plan, Embedded(Participant(program, plan))).run()
    assert rounds.parameters == pytest.approx(program.parameters, abs=0 if secure is None else 1e-5)


def test_a_worker_that_is_lost_takes_its_clients_with_it_for_one_round() -> None:
    with served(Options(clients=4)) as (rounds, clients, participant), playing(clients, participant, 0):
        lost = join(clients, 1)
        clients.wait(5)
        threading.Timer(0.2, lost.close).start()
        began = time.monotonic()
        assert rounds.step().lost == (1, 3)
        assert time.monotonic() - began < 5, "not until the deadline"
        assert rounds.step().lost == ()
        with closing(join(clients, 1)) as again:
            again.send(Frame(Kind.BYE))


def test_under_masks_a_worker_that_is_lost_is_recovered_from() -> None:
    options = Options(clients=6, secure_aggregation=SecureAggregation())
    with served(options, workers=3) as (rounds, clients, participant):
        plan = rounds.plan

        class Leaves(Participant):
            def answer(self, client, question, parameters):  # type: ignore[no-untyped-def]
                if parameters is not None:
                    raise SystemExit  # it has shared its secrets, and its vector never comes
                return super().answer(client, question, parameters)

        with playing(clients, participant, 0, 1):
            with suppress(SystemExit), ThreadPoolExecutor() as threads:
                leaving = threads.submit(play, clients.address, TOKEN, 2, Leaves(Mean(), plan))
                clients.wait(5)
                result = rounds.step()
                leaving.result(10)
            assert result.lost == (2, 5)
            with closing(join(clients, 2)) as again:
                again.send(Frame(Kind.BYE))


def test_who_is_silent_past_the_deadline_is_left_out_and_its_late_answer_ignored() -> None:
    with served(Options(clients=2, deadline=0.3)) as (rounds, clients, participant):
        slow = threading.Event()

        class Slow(Participant):
            def answer(self, client, question, parameters):  # type: ignore[no-untyped-def]
                if not slow.is_set():
                    slow.set()
                    time.sleep(0.6)
                return super().answer(client, question, parameters)

        with ThreadPoolExecutor() as threads, playing(clients, participant, 0):
            plan = rounds.plan
            threads.submit(play, clients.address, TOKEN, 1, Slow(Mean(), plan))
            clients.wait(5)
            assert rounds.step().lost == (1,)
            time.sleep(0.6)
            assert rounds.step().lost == ()


def test_a_frozen_worker_is_noticed() -> None:
    with (
        served(Options(clients=2, quorum=0.5), heartbeat=0.5) as (rounds, clients, participant),
        playing(clients, participant, 0),
        closing(join(clients, 1)) as frozen,
    ):
        clients.wait(5)
        began = time.monotonic()
        assert rounds.step().lost == (1,)
        assert time.monotonic() - began < 5
        with closing(join(clients, 1)) as again:
            again.send(Frame(Kind.BYE))
        frozen.close()


def test_without_workers_a_round_fails_in_time() -> None:
    with served(Options(clients=2, deadline=0.1)) as (rounds, _, _), pytest.raises(TooFewClients):
        rounds.step()


def test_who_does_not_know_the_token_is_refused() -> None:
    with served(Options(clients=2)) as (_, clients, participant), pytest.raises(ParameterServerRefused):
        play(clients.address, "a guess", 0, participant())


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n" * 9, b"", bytes(4096)])
def test_strangers_do_no_harm(nonsense: bytes) -> None:
    with served(Options(clients=2), workers=1) as (rounds, clients, participant):
        host, _, port = clients.address.rpartition(":")
        with socket.create_connection((host, int(port))) as stranger:
            stranger.sendall(nonsense)
            with playing(clients, participant, 0):
                clients.wait(5)
                assert rounds.step().lost == ()


@pytest.mark.parametrize(
    "frame", [Frame(Kind.PUSH, size=3), Frame(Kind.VALUE, size=2**20), Frame(Kind.WEIGHTS, size=4)]
)
def test_a_worker_that_sends_what_does_not_belong_is_lost(frame: Frame) -> None:
    with served(Options(clients=2), workers=2) as (rounds, clients, participant), playing(clients, participant, 0):
        odd = join(clients, 1)
        clients.wait(5)
        with suppress(CommongroundError):
            odd.send(frame, b"{}" * (frame.size // 2) + b"x" * (frame.size % 2))
        assert rounds.step().lost in {(1,), ()}
        odd.close()
        with closing(join(clients, 1)) as again:
            again.send(Frame(Kind.BYE))


def test_a_program_of_another_size_is_refused() -> None:
    with (
        served(Options(clients=2)) as (rounds, clients, _),
        pytest.raises(CommongroundError, match="number of parameters"),
    ):
        play(clients.address, TOKEN, 0, Participant(Mean(size=7), rounds.plan))


def test_large_models_travel_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CHUNK", 8)
    with served(Options(clients=2)) as (rounds, clients, participant), playing(clients, participant, 0, 1):
        clients.wait(5)
        assert rounds.step().lost == ()
    assert np.isfinite(rounds.parameters).all()
