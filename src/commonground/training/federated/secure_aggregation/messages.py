"""What clients and server tell each other. Bytes travel as base64 in JSON."""

import msgspec


class Keys(msgspec.Struct, frozen=True):
    """Public keys of a client for one round: one to encrypt shares to it, one for the masks it shares."""

    seal: bytes
    mask: bytes


class Shares(msgspec.Struct, frozen=True):
    """A client's secrets in parts, each sealed for one other client, whose number is its name here."""

    sealed: dict[int, bytes]


class Opened(msgspec.Struct, frozen=True):
    """Shares in the clear, by the client they are of: of the seeds of those whose vector arrived, of the mask keys of those whose did not."""

    seeds: dict[int, bytes]
    keys: dict[int, bytes]
