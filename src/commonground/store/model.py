"""Types of stored bytes."""

import secrets
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection

from commonground.store.xet.hashing import to_hex
from commonground.store.xet.shard import Term
from commonground.store.xet.xorb_index import XorbIndex

XORBS = "xorbs"
"""Folder of the backend that holds the xorbs."""
GRANTS = "grants"
"""Folder for xorbs that clients upload past the server, until they are verified."""


class FileState(IntEnum):
    """What is known about the SHA-256 that was claimed for a file."""

    UNVERIFIED = 0  # the server has not hashed it yet: readable only where it is linked
    VERIFIED = 1


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file rebuilt from chunks. Hashes are 32 raw bytes; ``size`` is in bytes."""

    hash: bytes  # xet file hash
    sha256: bytes | None
    size: int
    state: FileState


class StoredXorb(msgspec.Struct, frozen=True, kw_only=True):
    """A xorb that is in the backend. ``packed_length`` is its size there, in bytes."""

    id: int
    hash: bytes
    generation: int
    packed_length: int
    index: XorbIndex
    damaged: bool

    @property
    def key(self) -> str:
        """Name of its object in the backend."""
        return xorb_key(self.hash, self.generation)


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A checked file on its way into the database. ``sha256`` is what the server computed, or ``None``; ``claim``
    what the uploader said, or ``None``.
    """

    hash: bytes
    size: int
    terms: tuple[Term, ...]
    sha256: bytes | None = None
    claim: bytes | None = None

    def stored(self) -> StoredFile:
        """The file as its uploader sees it."""
        known = self.sha256 is not None
        state = FileState.VERIFIED if known else FileState.UNVERIFIED
        return StoredFile(hash=self.hash, sha256=self.sha256 or self.claim, size=self.size, state=state)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A file in use by a repository. ``created_at`` is in UTC milliseconds."""

    file_hash: bytes
    sha256: bytes | None
    size: int
    filename: str
    account_id: int | None
    created_at: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An upload under way. ``size`` is the bytes that have arrived, ``details`` what the gateway wants back.
    ``expires_at`` is in UTC milliseconds.
    """

    id: str
    account_id: int
    purpose: str
    details: dict[str, Any]
    size: int
    expires_at: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an upload: a file of the store. ``size`` is in bytes."""

    number: int
    file_hash: bytes
    sha256: bytes
    size: int


class ReadGuard(Protocol):
    """Answers, for the store, which repositories an account may read. Implemented by ``hub``."""

    def readable(self, connection: Connection, account_id: int | None, repository_ids: Sequence[int]) -> set[int]:
        """The subset of ``repository_ids`` whose files the account may read."""
        ...


def new_generation() -> int:
    """A random number that tells one upload of a xorb from another.

    It is part of the object's name: an object is only ever deleted under a generation that no row names, so removing
    an old copy can never hit the copy that an upload is writing at the same moment.
    """
    return secrets.randbits(48)


def xorb_key(xorb_hash: bytes, generation: int) -> str:
    """Name of a xorb's object in the backend: ``xorbs/ab/cd/<hash>-<generation>``."""
    name = to_hex(xorb_hash)
    return f"{XORBS}/{name[:2]}/{name[2:4]}/{name}-{generation:012x}"
