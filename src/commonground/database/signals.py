"""Wakes listeners of this process once a transaction that signalled is committed."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

_KEY = "commonground.signals"


def signal(connection: Connection, name: str) -> None:
    """Wake the listeners of ``name`` after the commit. They may also be woken for nothing, after a rollback."""
    connection.info.setdefault(_KEY, set()).add(name)


def take(connection: Connection) -> set[str]:
    """What was signalled on this connection since the last time."""
    names: set[str] = connection.info.pop(_KEY, set())
    return names


class Signals:
    """Who in this process waits for which signal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, set[Callable[[], None]]] = {}

    @contextmanager
    def listen(self, name: str) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set at every signal; the listener clears it."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(woken.set)

        with self._lock:
            self._listeners.setdefault(name, set()).add(wake)
        try:
            yield woken
        finally:
            with self._lock:
                self._listeners[name].discard(wake)

    def fire(self, names: Iterable[str]) -> None:
        """Wake the listeners of ``names``; from any thread."""
        for name in names:
            with self._lock:
                listeners = tuple(self._listeners.get(name, ()))
            for wake in listeners:
                wake()
