"""Frames over a stream socket, and the deadlines that tell a dead peer from a slow one."""

import contextlib
import math
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Self

import msgspec

from commonground.errors import InvalidFrame, ParameterServerLost
from commonground.training.parameter_server import frame as frames
from commonground.training.parameter_server.frame import HEADER_SIZE, Frame, Kind

_BEAT = Frame(Kind.BEAT).encode()


class Connection:
    """A blocking connection: every call ends within ``deadline`` seconds of silence, or raises ``ParameterServerLost``."""

    def __init__(self, stream: socket.socket, deadline: float) -> None:
        self.stream = stream
        with contextlib.suppress(OSError):  # not TCP
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.set_deadline(deadline)
        self._sending = threading.Lock()
        self._header = memoryview(bytearray(HEADER_SIZE))

    def set_deadline(self, seconds: float) -> None:
        """The kernel's own timeouts: unlike Python's they cost no extra call."""
        self.stream.settimeout(None)
        fraction, whole = math.modf(seconds)
        value = struct.pack("ll", int(whole), int(fraction * 1e6))
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)

    def receive(self) -> Frame:
        """The next header."""
        self.receive_into(self._header)
        return frames.decode(self._header)

    def receive_into(self, view: memoryview) -> None:
        """Fill ``view``."""
        while view:
            try:
                count = self.stream.recv_into(view, 0, socket.MSG_WAITALL)
            except BlockingIOError:
                raise ParameterServerLost(reason="no sign of life before the deadline") from None
            except OSError as error:
                raise ParameterServerLost(reason=str(error)) from error
            if not count:
                raise ParameterServerLost(reason="the connection was closed")
            view = view[count:]

    def send(self, frame: Frame, payload: memoryview | bytes = b"") -> None:
        """Write a header and its payload."""
        with self._sending:
            self._send([memoryview(frame.encode()), memoryview(payload)])

    def send_parts(self, frame: Frame, parts: list[memoryview]) -> None:
        """Write a header and a payload that lies in several places."""
        with self._sending:
            self._send([memoryview(frame.encode()), *parts])

    def send_bytes(self, content: memoryview) -> None:
        """Write what no header announces."""
        with self._sending:
            self._send([content])

    def beat(self) -> None:
        """A sign of life, unless something is being sent or the peer's buffer is full, which are signs enough."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            header = memoryview(_BEAT)
            sent = self.stream.send(header, socket.MSG_DONTWAIT)
            self._send([header[sent:]])
        except BlockingIOError:
            return
        except OSError as error:
            raise ParameterServerLost(reason=str(error)) from error
        finally:
            self._sending.release()

    def skip_beats(self) -> None:
        """Take what signs of life have arrived, and leave anything else where it is."""
        while self._waiting() == _BEAT:
            self.receive()

    def _waiting(self) -> bytes:
        try:
            return self.stream.recv(HEADER_SIZE, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return b""

    def _send(self, views: list[memoryview]) -> None:
        while views := [view for view in views if view]:
            try:
                advance(views, self.stream.sendmsg(views))
            except BlockingIOError:
                raise ParameterServerLost(reason="the peer takes nothing any more") from None
            except OSError as error:
                raise ParameterServerLost(reason=str(error)) from error

    def send_message(self, kind: Kind, message: Any) -> None:
        """A frame with a JSON payload."""
        payload = msgspec.json.encode(message)
        self.send(Frame(kind, size=len(payload)), payload)

    def receive_payload(self, frame: Frame, limit: int = frames.MAX_TEXT) -> bytes:
        """The payload of a frame that may have at most ``limit`` bytes."""
        if frame.size > limit:
            raise InvalidFrame(reason=f"{frame.size} bytes where at most {limit} are expected")
        payload = bytearray(frame.size)
        self.receive_into(memoryview(payload))
        return bytes(payload)

    def close(self) -> None:
        """Close; a thread that waits on it wakes."""
        with contextlib.suppress(OSError):
            self.stream.shutdown(socket.SHUT_RDWR)
        self.stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def advance(views: list[memoryview], sent: int) -> None:
    """Cut what was sent off the front."""
    for index, view in enumerate(views):
        cut = min(sent, len(view))
        views[index] = view[cut:]
        sent -= cut


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def attend_each(
    listener: socket.socket, room: threading.BoundedSemaphore, attend: Callable[[socket.socket], None]
) -> None:
    """Give each connection a thread, until the listener is closed; who finds no ``room`` is turned away. ``attend`` makes the
    room free again.
    """
    while True:
        try:
            stream, _ = listener.accept()
        except OSError:  # closed
            return
        if room.acquire(blocking=False):
            threading.Thread(target=attend, args=[stream], daemon=True).start()
        else:
            stream.close()


def connect(address: str, deadline: float) -> Connection:
    """Connect to ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        return Connection(socket.create_connection((host.strip("[]"), int(port)), deadline), deadline)
    except (OSError, ValueError) as error:
        raise ParameterServerLost(reason=f"cannot connect to {address}: {error}") from error
