"""What the git gateway needs of a repository's objects."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from commonground.hub.revisions.object_reader import Blob

Object = tuple[int, bytes]
"""git's type number and the body."""


class Objects(Protocol):
    """The objects of one repository, used from threads. Ids are 20 raw bytes."""

    def get_raw(self, sha: bytes) -> Object | None:
        """One object."""
        ...

    def read(self, shas: Sequence[bytes]) -> Iterator[tuple[bytes, int, bytes]]:
        """Id, type number and body of those of ``shas`` that exist, in bounded memory."""
        ...

    def contains(self, shas: Sequence[bytes]) -> set[bytes]:
        """Those of ``shas`` that exist, without reading them."""
        ...

    def blobs(self, shas: Sequence[bytes]) -> dict[bytes, Blob]:
        """Those of ``shas`` that exist and are blobs."""
        ...

    def add_many(self, objects: Iterable[Object]) -> None:
        """Store objects; :class:`ObjectConflict` when one exists with another body."""
        ...
