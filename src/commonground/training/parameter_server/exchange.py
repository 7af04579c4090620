"""Many frames to several shards while their answers come in, on one thread."""

import select
import socket
from collections.abc import Iterator, Sequence

from commonground.errors import ParameterServerLost
from commonground.training.parameter_server import frame as frames
from commonground.training.parameter_server.channel import Channel
from commonground.training.parameter_server.frame import HEADER_SIZE, Frame, Kind
from commonground.training.parameter_server.socket import advance

WORTH_WAKING = 1 << 20
"""Bytes that wake a waiting worker: with fewer the processes of one host take turns for every few kilobytes."""


class Transfer:
    """One channel's part: what is still to be sent and to be received."""

    def __init__(self, channel: Channel, requests: Iterator[list[memoryview]], answers: int) -> None:
        self.channel, self.answers = channel, answers
        self.stream = channel.connection.stream
        self._requests = requests
        self._sending = next(requests, None)
        self._header = memoryview(bytearray(HEADER_SIZE))
        self._frame: Frame | None = None
        self._missing = self._header

    @property
    def done(self) -> bool:
        """Whether everything was sent and answered."""
        return self._sending is None and not self.answers

    @property
    def events(self) -> int:
        """What to wait for."""
        return select.POLLIN | (select.POLLOUT if self._sending else 0)

    def expect(self) -> None:
        """Tell the kernel how much is worth waking for, at most what is still missing."""
        if self.answers:
            self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min(len(self._missing), WORTH_WAKING))

    def send(self) -> bool:
        """Send what the connection takes now; whether that was something."""
        if self._sending is None:
            return False
        try:
            advance(self._sending, self.stream.sendmsg(self._sending, (), socket.MSG_DONTWAIT))
        except BlockingIOError:
            return False
        except OSError as error:
            raise ParameterServerLost(reason=str(error)) from error
        self._sending = [view for view in self._sending if view] or next(self._requests, None)
        return True

    def receive(self) -> bool:
        """Receive what is there now; whether that was something."""
        if not self.answers:
            return False
        try:
            count = self.stream.recv_into(self._missing, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ParameterServerLost(reason=str(error)) from error
        if not count:
            raise ParameterServerLost(reason="the server closed the connection")
        self._missing = self._missing[count:]
        if not self._missing:
            self._filled()
        return True

    def _filled(self) -> None:
        """A header or a payload is complete."""
        if self._frame is None:
            self._frame = frames.decode(self._header)
            if self._frame.kind is not Kind.BEAT:
                self._missing = self.channel.destination(self._frame)
        if not self._missing:
            if self._frame.kind is not Kind.BEAT:
                self.channel.arrived(self._frame)
                self.answers -= 1
            self._frame, self._missing = None, self._header


def exchange(channels: Sequence[Channel], kind: Kind | None, patience: float) -> None:
    """Send ``kind`` for every range and take every answer; ``None`` only takes what the servers send by themselves.

    ``ParameterServerLost`` when a server closed its connection, or gave no sign of life for ``patience`` seconds.
    """
    nothing: Iterator[list[memoryview]] = iter(())
    transfers = [Transfer(channel, channel.requests(kind) if kind else nothing, channel.frames) for channel in channels]
    silent = False
    while transfers := [transfer for transfer in transfers if not transfer.done]:
        moved = [transfer.receive() | transfer.send() for transfer in transfers]
        if any(moved):
            silent = False
        elif silent:
            raise ParameterServerLost(reason=f"no sign of life for {patience:g} seconds")
        else:
            silent = not _ready(transfers, patience)


def _ready(transfers: Sequence[Transfer], patience: float) -> bool:
    """Whether there was something worth waking for in time; a little may have come all the same."""
    poll = select.poll()
    for transfer in transfers:
        transfer.expect()
        poll.register(transfer.stream, transfer.events)
    return bool(poll.poll(patience * 1000))
