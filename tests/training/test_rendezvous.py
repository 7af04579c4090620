"""Processes meet at a table that only they can read."""

import socket
import threading
from collections.abc import Iterator

import pytest

from commonground.errors import CommongroundError, ParameterServerLost, ParameterServerRefused
from commonground.training.rendezvous import Rendezvous, Table


@pytest.fixture
def address() -> Iterator[str]:
    table = Table("127.0.0.1", 0, "token")
    yield f"127.0.0.1:{table.port}"
    table.close()


def test_who_asks_waits_until_there_is_an_answer(address: str) -> None:
    answers = []
    with Rendezvous(address, "token") as one, Rendezvous(address, "token") as two:
        thread = threading.Thread(target=lambda: answers.extend(one.gather("server", range(2))))
        thread.start()
        two.put("server.1", "b")
        two.put("server.0", ["a", 1])
        thread.join(5)
    assert answers == [["a", 1], "b"]


def test_an_answer_may_take_longer_than_a_beat(address: str) -> None:
    with Rendezvous(address, "token") as one, Rendezvous(address, "token") as two:
        later = threading.Timer(1.3, lambda: two.put("late", 7))
        later.start()
        assert one.get("late") == 7
        later.join()


def test_an_entry_stays_for_those_who_come_later(address: str) -> None:
    with Rendezvous(address, "token") as one:
        one.put("size", 1)
        one.put("size", 2)
    with Rendezvous(address, "token") as two:
        assert two.get("size") == 2


def test_a_wrong_token_is_refused(address: str) -> None:
    with pytest.raises(ParameterServerRefused, match="token"):
        Rendezvous(address, "guess")


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n" * 4, b"\0" * 4096, b"CGPS" * 100])
def test_strangers_do_not_disturb(address: str, noise: bytes) -> None:
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as stranger, Rendezvous(address, "token") as one:
        stranger.sendall(noise)
        one.put("a", 1)
        assert one.get("a") == 1


def test_too_much_in_one_entry_ends_the_connection(address: str) -> None:
    with Rendezvous(address, "token") as one, pytest.raises(CommongroundError):
        one.put("a", "x" * 70_000)


def test_nobody_keeps_a_table() -> None:
    with pytest.raises(ParameterServerLost, match="cannot connect"):
        Rendezvous("127.0.0.1:1", "token", patience=0.1)


def test_the_host_is_the_one_the_others_can_reach(address: str) -> None:
    with Rendezvous(address, "token") as one:
        assert one.host == "127.0.0.1"
