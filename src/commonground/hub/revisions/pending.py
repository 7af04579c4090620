"""Commits on their way: objects and content that nobody may see yet, except those who prepare the commit."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from commonground.hub.revisions.objects import COMMIT, GitObject
from commonground.store.model import StoredFile


class Pending:
    """Objects of drafts, by repository. Head observers read a commit through it before the commit is published."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[tuple[int, bytes], GitObject] = {}
        self._files: dict[tuple[int, bytes], StoredFile] = {}
        self._holders: Counter[tuple[int, bytes]] = Counter()

    @contextmanager
    def hold(
        self, repository_id: int, objects: Iterable[GitObject], files: Mapping[bytes, StoredFile]
    ) -> Iterator[None]:
        """Make ``objects`` and ``files`` (by SHA-256) readable in this process until the block ends."""
        mine = {(repository_id, item.sha): item for item in objects}
        content = {(repository_id, sha256): file for sha256, file in files.items()}
        keys = [*mine, *content]
        with self._lock:
            self._objects.update(mine)
            self._files.update(content)
            self._holders.update(keys)
        try:
            yield
        finally:
            with self._lock:
                for key in keys:
                    self._release(key)

    def object(self, repository_id: int, sha: bytes) -> GitObject | None:
        """An object of a draft."""
        return self._objects.get((repository_id, sha))

    def file(self, repository_id: int, sha256: bytes) -> StoredFile | None:
        """Content that a draft will link."""
        return self._files.get((repository_id, sha256))

    def is_commit(self, repository_id: int, sha: bytes) -> bool:
        """Whether ``sha`` is a commit that is being prepared."""
        found = self.object(repository_id, sha)
        return found is not None and found.kind == COMMIT

    def _release(self, key: tuple[int, bytes]) -> None:
        self._holders[key] -= 1
        if not self._holders[key]:
            del self._holders[key]
            self._objects.pop(key, None)
            self._files.pop(key, None)
