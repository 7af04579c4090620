"""Types of stored bytes."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec
from sqlalchemy import Connection


class FileState(IntEnum):
    """What is known about the SHA-256 that was claimed for a file."""

    UNVERIFIED = 0  # the server has not hashed it yet: readable only where it is linked
    VERIFIED = 1
    MISMATCH = 2  # never served again


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file rebuilt from chunks. Hashes are 32 raw bytes; ``size`` is in bytes."""

    hash: bytes  # xet file hash
    sha256: bytes | None
    size: int
    state: FileState


class ReadGuard(Protocol):
    """Answers, for the store, which repositories an account may read. Implemented by ``hub``."""

    def readable(self, connection: Connection, account_id: int | None, repository_ids: Sequence[int]) -> set[int]:
        """The subset of ``repository_ids`` whose files the account may read."""
        ...
