"""A bounded map that forgets what was used least recently."""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LeastRecent(Generic[K, V]):
    """Keeps values whose costs add up to at most ``limit``. Not for use from several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, now the most recent one."""
        item = self._items.get(key)
        if item is None:
            return None
        self._items.move_to_end(key)
        return item[0]

    def put(self, key: K, value: V, cost: int = 1) -> None:
        """Keep a value, at the expense of the least recent ones."""
        self.forget(key)
        self._items[key] = (value, cost)
        self._total += cost
        while self._total > self._limit:
            self._total -= self._items.popitem(last=False)[1][1]

    def forget(self, key: K) -> None:
        """Drop a value if it is there."""
        if (item := self._items.pop(key, None)) is not None:
            self._total -= item[1]
