"""What the git gateway needs of a repository's objects."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from commonground.gateways.git.fsck import KINDS

Object = tuple[int, bytes]
"""git's type number and the body."""


class Objects(Protocol):
    """The objects of one repository, used from threads. Ids are 20 raw bytes."""

    def get_raw(self, sha: bytes) -> Object | None:
        """One object."""
        ...

    def get_many(self, shas: Sequence[bytes]) -> dict[bytes, Object]:
        """Those of ``shas`` that exist."""
        ...

    def contains(self, shas: Sequence[bytes]) -> set[bytes]:
        """Those of ``shas`` that exist, without reading them."""
        ...

    def add_many(self, objects: Iterable[Object]) -> None:
        """Store objects; :class:`ObjectConflict` when one exists with another body."""
        ...


def object_id(kind: int, body: bytes) -> bytes:
    """The SHA-1 that names an object, raw."""
    digest = hashlib.sha1(b"%b %d\0" % (KINDS[kind], len(body)), usedforsecurity=False)
    digest.update(body)
    return digest.digest()
