"""Password hashing with argon2id: slow on purpose, so it runs on a thread, a few at a time."""

import asyncio
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from commonground.errors import BadRequest, TooManyRequests, WeakPassword

T = TypeVar("T")

MIN_LENGTH = 12
MIN_LENGTH_BY_ADMIN = 8
MAX_LENGTH = 1024
AT_ONCE = 2
WAITING = 32


class Passwords:
    """Hashes and verifies passwords. At most ``AT_ONCE`` run and ``WAITING`` wait; more are :class:`TooManyRequests`."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._load = 0
        self._dummy = _impossible(self._hasher)

    async def hash(self, password: str, *, by_admin: bool = False) -> str:
        """The argon2id hash to store; :class:`WeakPassword` for one that is too short. One that an administrator hands
        out may be shorter.
        """
        least = MIN_LENGTH_BY_ADMIN if by_admin else MIN_LENGTH
        if len(password) < least:
            raise WeakPassword(length=least)
        if len(password) > MAX_LENGTH:
            raise BadRequest(reason=f"the password is longer than {MAX_LENGTH} characters")
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``hashed``. Takes as long when there is no hash at all, so that
        nobody learns from the clock which accounts exist.
        """
        if len(password) > MAX_LENGTH:
            return False
        return await self._run(lambda: self._matches(hashed, _normal(password)))

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _matches(self, hashed: str | None, password: str) -> bool:
        try:
            self._hasher.verify(hashed or self._dummy, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._load >= AT_ONCE + WAITING:
            raise TooManyRequests(resource="sign-in", seconds=5)
        self._load += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._load -= 1


def _impossible(hasher: PasswordHasher) -> str:
    """A hash that no password has, with the cost of a real one."""
    salt, digest = (b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
