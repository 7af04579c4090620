import pytest

from commonground.accounts.throttle import PAIR_LIMIT, SINGLE_LIMIT, WINDOW_SECONDS, Failures, Throttle
from commonground.errors import TooManyRequests


class Clock:
    """A time that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def is_stopped(throttle: Throttle, account: str, address: str) -> bool:
    try:
        throttle.check(account, address)
    except TooManyRequests:
        return True
    return False


def fail(throttle: Throttle, account: str, address: str, times: int) -> None:
    for _ in range(times):
        throttle.failed(account, address)


def test_a_window_begins_with_the_first_failure(clock: Clock) -> None:
    failures = Failures(2, 300, clock=clock)
    failures.add("a")
    clock.now += 200
    failures.add("a")
    with pytest.raises(TooManyRequests, match="100 s"):
        failures.check("a")
    clock.now += 100
    failures.check("a")


def test_the_oldest_keys_are_forgotten(clock: Clock) -> None:
    failures = Failures(1, most=3, clock=clock)
    for key in "abcd":
        failures.add(key)
    failures.check("a")
    for key in "bcd":
        with pytest.raises(TooManyRequests):
            failures.check(key)


def test_another_account_or_address_is_not_concerned(throttle: Throttle) -> None:
    fail(throttle, "alice", "203.0.113.9", PAIR_LIMIT)
    assert is_stopped(throttle, "alice", "203.0.113.9")
    assert not is_stopped(throttle, "bob", "203.0.113.9")
    assert not is_stopped(throttle, "alice", "203.0.113.10")


def test_success_forgives_the_account_there(throttle: Throttle) -> None:
    fail(throttle, "alice", "203.0.113.9", PAIR_LIMIT)
    throttle.succeeded("alice", "203.0.113.9")
    assert not is_stopped(throttle, "alice", "203.0.113.9")


def test_one_address_cannot_try_all_accounts(throttle: Throttle) -> None:
    for number in range(SINGLE_LIMIT):
        throttle.failed(f"user{number}", "203.0.113.9")
        throttle.succeeded("mallory", "203.0.113.9")
    assert is_stopped(throttle, "alice", "203.0.113.9")
    assert not is_stopped(throttle, "alice", "203.0.113.10")


def test_many_addresses_cannot_try_one_account(throttle: Throttle, clock: Clock) -> None:
    for number in range(SINGLE_LIMIT):
        throttle.failed("alice", f"203.0.113.{number}")
    assert is_stopped(throttle, "alice", "198.51.100.1")
    clock.now += WINDOW_SECONDS
    assert not is_stopped(throttle, "alice", "198.51.100.1")


def test_the_addresses_of_one_ipv6_network_are_one(throttle: Throttle) -> None:
    for number in range(PAIR_LIMIT):
        throttle.failed("alice", f"2001:db8::{number:x}")
    assert is_stopped(throttle, "alice", "2001:db8::ffff")
    assert not is_stopped(throttle, "alice", "2001:db8:1::1")


def test_a_caller_without_an_address_counts_by_account(throttle: Throttle) -> None:
    for number in range(SINGLE_LIMIT + 1):
        throttle.failed(f"user{number}", "")
    assert not is_stopped(throttle, "alice", "")
