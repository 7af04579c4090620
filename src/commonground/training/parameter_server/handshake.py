"""Both sides prove that they know the run's token, which itself never travels."""

import hmac
import secrets
from typing import TypeVar

import msgspec

from commonground.errors import InvalidFrame, ParameterServerRefused
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.socket import Connection

T = TypeVar("T")
W = TypeVar("W", bound="Proven")


class Challenge(msgspec.Struct, frozen=True):
    """The server's question."""

    nonce: str


class Hello(msgspec.Struct, frozen=True):
    """The worker's answer and its own question."""

    rank: int
    nonce: str
    proof: str


class Choice(msgspec.Struct, frozen=True):
    """The worker's last word: whether it could open the shared memory it was told of, and whether weights follow."""

    shared_memory: bool
    weights: bool = False


class Proven(msgspec.Struct, frozen=True):
    """The other side's proof."""

    proof: str


class Welcome(Proven, frozen=True):
    """What a worker has to know of a shard."""

    size: int
    start: int
    stop: int
    workers: int
    chunk: int
    codec: str
    top_k: float
    heartbeat: float
    generation: int
    step: int
    dimension: int = 0
    segment: str = ""
    identity: str = ""
    pushed: int = 0
    """gradients of this worker the shard has seen"""
    empty: bool = False
    """the shard waits for weights to begin with"""


def proof(token: str, side: str, *facts: object) -> str:
    """A keyed hash (HMAC-SHA256) over the facts of one side."""
    return hmac.new(token.encode(), "\n".join([side, *map(str, facts)]).encode(), "sha256").hexdigest()


def challenge(connection: Connection, token: str, workers: int) -> tuple[int, str]:
    """The server's half: the worker's rank, and the proof to welcome it with. ``ParameterServerRefused`` for a wrong token or rank, of
    which the worker is told.
    """
    nonce = secrets.token_hex(16)
    connection.send_message(Kind.CHALLENGE, Challenge(nonce))
    hello = read_message(connection, Kind.HELLO, Hello)
    reason = ""
    if not hmac.compare_digest(hello.proof.encode(), proof(token, "worker", nonce, hello.nonce, hello.rank).encode()):
        reason = "the token is wrong"
    elif not 0 <= hello.rank < workers:
        reason = f"ranks are 0 to {workers - 1}, not {hello.rank}"
    if reason:
        connection.send_message(Kind.REFUSED, reason)
        raise ParameterServerRefused(reason=reason)
    return hello.rank, proof(token, "server", hello.nonce, nonce)


def introduce(connection: Connection, token: str, rank: int) -> Welcome:
    """A worker's half; ``ParameterServerRefused`` says why a server does not want it, or cannot prove who it is."""
    return prove(connection, token, rank, Welcome)


def prove(connection: Connection, token: str, rank: int, shape: type[W]) -> W:
    """The half of whoever connects: the welcome, in the shape it has there."""
    nonce = read_message(connection, Kind.CHALLENGE, Challenge).nonce
    own = secrets.token_hex(16)
    connection.send_message(Kind.HELLO, Hello(rank, own, proof(token, "worker", nonce, own, rank)))
    welcome = read_message(connection, Kind.WELCOME, shape)
    if not hmac.compare_digest(welcome.proof.encode(), proof(token, "server", own, nonce).encode()):
        raise ParameterServerRefused(reason="the server does not know the token")
    return welcome


def read_message(connection: Connection, kind: Kind, shape: type[T]) -> T:
    """The next frame, which must be a JSON message of this kind; a refusal is raised."""
    return message_of(connection, connection.receive(), kind, shape)


def message_of(connection: Connection, frame: Frame, kind: Kind, shape: type[T]) -> T:
    """The message a frame announces."""
    payload = connection.receive_payload(frame)
    try:
        if frame.kind is Kind.REFUSED:
            raise ParameterServerRefused(reason=msgspec.json.decode(payload, type=str))
        if frame.kind is not kind:
            raise InvalidFrame(reason=f"{frame.kind.name} where {kind.name} belongs")
        return msgspec.json.decode(payload, type=shape)
    except msgspec.MsgspecError as error:
        raise InvalidFrame(reason=str(error)) from error
