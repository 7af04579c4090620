"""Questions and answers between processes: frames of the parameter server, JSON in ``PUT`` and ``VALUE``, arrays in ``WEIGHTS``."""

from typing import Literal, TypeVar

import msgspec
import numpy as np

from commonground.errors import InvalidFrame
from commonground.training.federated.messages import Answer, Array, Question
from commonground.training.parameter_server.arrays import as_bytes
from commonground.training.parameter_server.frame import MAX_PAYLOAD, Frame, Kind
from commonground.training.parameter_server.handshake import Proven
from commonground.training.parameter_server.socket import Connection

M = TypeVar("M")
CHUNK = 4 * 2**20
"""Bytes of an array in one frame: between two of them a sign of life or its end can be noticed."""


class Welcome(Proven, frozen=True):
    """What a worker has to know: the size of the parameters, and how often to give a sign of life."""

    size: int
    heartbeat: float


class Order(msgspec.Struct, frozen=True):
    """Questions to some clients, by number; ``exchange`` counts them. With ``parameters`` they follow."""

    exchange: int
    questions: dict[int, Question]
    parameters: bool


class Reply(msgspec.Struct, frozen=True):
    """What one client answered. An array of ``array`` type follows, as long as the parameters."""

    exchange: int
    client: int
    answer: Answer
    array: Literal["", "float32", "uint32"] = ""


def type_of(array: Array | None) -> Literal["", "float32", "uint32"]:
    """How a reply names the array that follows it."""
    if array is None:
        return ""
    return "float32" if array.dtype == np.float32 else "uint32"


def send(connection: Connection, kind: Kind, message: Order | Reply, array: Array | None) -> None:
    """A message, and its array. One thread at a time."""
    connection.send_message(kind, message)
    if array is not None:
        view = as_bytes(array)
        for start in range(0, len(view), CHUNK):
            part = view[start : start + CHUNK]
            connection.send(Frame(Kind.WEIGHTS, start=start, size=len(part)), part)


def receive(connection: Connection, kind: Kind, shape: type[M]) -> M | None:
    """The next message, signs of life passed over; ``None`` at the end. :class:`InvalidFrame` for anything else."""
    frame = _next(connection)
    if frame.kind is Kind.BYE:
        return None
    if frame.kind is not kind:
        raise InvalidFrame(reason=f"{frame.kind.name} where {kind.name} belongs")
    try:
        return msgspec.json.decode(connection.receive_payload(frame, MAX_PAYLOAD), type=shape)
    except msgspec.MsgspecError as error:
        raise InvalidFrame(reason=str(error)) from error


def receive_array(connection: Connection, size: int, kind: Literal["float32", "uint32"]) -> Array:
    """The array of ``size`` elements that follows a message."""
    array: Array = np.empty(size, np.float32 if kind == "float32" else np.uint32)
    view = as_bytes(array)
    while view:
        frame = _next(connection)
        if frame.kind is not Kind.WEIGHTS or not 0 < frame.size <= len(view):
            raise InvalidFrame(
                reason=f"{frame.kind.name} of {frame.size} bytes where {len(view)} bytes of an array are missing"
            )
        connection.receive_into(view[: frame.size])
        view = view[frame.size :]
    return array


def _next(connection: Connection) -> Frame:
    while (frame := connection.receive()).kind is Kind.BEAT:
        continue
    return frame
