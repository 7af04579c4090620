"""What a client asks for when it pushes: ref updates, then a pack."""

from collections.abc import Iterator

import msgspec

from commonground.errors import BadRequest, PushRejected
from commonground.gateways.git.fetch import parse_id
from commonground.gateways.git.pktline import Reader

COMMAND_LIMIT = 20_000
NONE = bytes(20)
"""The id that stands for a ref that does not exist."""


class Command(msgspec.Struct, frozen=True):
    """One ref to create, move or delete. Ids are raw, :data:`NONE` for absent."""

    name: str
    old: bytes
    new: bytes

    @property
    def deletes(self) -> bool:
        """Whether the ref shall go away."""
        return self.new == NONE


class PushRequest(msgspec.Struct):
    """A push. The pack, if any, follows in the body."""

    commands: list[Command] = []
    features: set[str] = set()

    @property
    def has_pack(self) -> bool:
        """Whether a pack follows: a push that only deletes sends none."""
        return any(not command.deletes for command in self.commands)


def read_push(reader: Reader) -> PushRequest:
    """The commands of a push; the file of ``reader`` then stands at the pack. :class:`BadRequest` if malformed."""
    request = PushRequest()
    for line in _lines(reader):
        line, _, features = line.partition(b"\0")
        if features:
            request.features = set(features.decode("utf-8", "replace").split())
        request.commands.append(_command(line))
        if len(request.commands) > COMMAND_LIMIT:
            raise PushRejected(reason=f"more than {COMMAND_LIMIT} refs in one push")
    if len({command.name for command in request.commands}) != len(request.commands):
        raise PushRejected(reason="one ref is named twice")
    return request


def _lines(reader: Reader) -> Iterator[bytes]:
    for line in reader.section():
        if line.startswith(b"push-cert"):
            raise PushRejected(reason="signed pushes are not supported")
        if not line.startswith(b"shallow "):  # ends of a shallow history: the connectivity check finds out by itself
            yield line


def _command(line: bytes) -> Command:
    old, _, rest = line.partition(b" ")
    new, _, name = rest.partition(b" ")
    try:
        return Command(name.decode(), parse_id(old), parse_id(new))
    except UnicodeDecodeError:
        raise BadRequest(reason="a ref name is not UTF-8") from None
