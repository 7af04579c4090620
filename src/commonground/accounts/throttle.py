"""Slows down whoever guesses passwords. Counts are those of one process, and the memory they take is bounded."""

import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from commonground.errors import TooManyRequests

WINDOW_SECONDS = 300
PAIR_LIMIT = 10
"""Failures of one account from one address in a window: an attacker locks nobody else out."""
SINGLE_LIMIT = 100
"""Failures of one account from anywhere, or from one address at any account."""
REMEMBERED = 10_000


class Failures:
    """Failures by key: ``limit`` are allowed within ``seconds`` of the first. The oldest keys above ``most`` go."""

    def __init__(
        self,
        limit: int,
        seconds: float = WINDOW_SECONDS,
        most: int = REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._seconds, self._most, self._clock = limit, seconds, most, clock
        self._counts: dict[str, tuple[int, float]] = {}  # key -> failures, end of the window; in the order of the ends

    def check(self, key: str) -> None:
        """:class:`TooManyRequests` while the key has used up its failures."""
        count, end = self._current(key)
        if count >= self._limit:
            raise TooManyRequests(resource="sign-in", seconds=math.ceil(end - self._clock()))

    def add(self, key: str) -> None:
        """Count a failure."""
        count, end = self._current(key)
        self._counts[key] = (count + 1, end)
        while len(self._counts) > self._most:
            del self._counts[next(iter(self._counts))]

    def forget(self, key: str) -> None:
        """Start anew."""
        self._counts.pop(key, None)

    def _current(self, key: str) -> tuple[int, float]:
        now = self._clock()
        count, end = self._counts.get(key, (0, now))
        if end > now:
            return count, end
        self._counts.pop(key, None)
        return 0, now + self._seconds


class Throttle:
    """Failed sign-ins by account, by address, and by both."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._pairs = Failures(PAIR_LIMIT, clock=clock)
        self._singles = Failures(SINGLE_LIMIT, clock=clock)

    def check(self, account: str, address: str) -> None:
        """:class:`TooManyRequests` when there were too many failures lately."""
        pair, singles = _keys(account, address)
        self._pairs.check(pair)
        for key in singles:
            self._singles.check(key)

    def failed(self, account: str, address: str) -> None:
        """Count a wrong password."""
        pair, singles = _keys(account, address)
        self._pairs.add(pair)
        for key in singles:
            self._singles.add(key)

    def succeeded(self, account: str, address: str) -> None:
        """Forgive this account at this address; nobody clears an address by signing in to an account of their own."""
        self._pairs.forget(_keys(account, address)[0])


def _keys(account: str, address: str) -> tuple[str, list[str]]:
    place = _network(address)
    return f"{account}@{place}", [f"account {account}"] + ([f"address {place}"] if place else [])


def _network(address: str) -> str:
    """What one subscriber has: an IPv4 address, or the 64-bit network of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
