"""Answers a push: unpack, check, move the refs, report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

from commonground.errors import CommongroundError, InvalidRef, PushRejected
from commonground.gateways.git.incoming import Contents, Incoming
from commonground.gateways.git.objects import Objects
from commonground.gateways.git.pack_reader import PackReader
from commonground.gateways.git.pktline import FLUSH, Reader, sideband, text
from commonground.gateways.git.push import Command, PushRequest, read_push
from commonground.gateways.git.unpack import Unpacked, Unpacker
from commonground.hub.revisions.model import Ref
from commonground.hub.revisions.refnames import CONVERTS, HEADS, PULLS, check_ref
from commonground.store.model import StoredFile

Links = Sequence[tuple[StoredFile, str]]


class Target(Contents, Protocol):
    """The repository a push goes to, used from one thread."""

    @property
    def objects(self) -> Objects:
        """Its objects."""
        ...

    @property
    def refs(self) -> Sequence[Ref]:
        """Its refs when the push arrived."""
        ...

    @property
    def default_branch(self) -> str:
        """The branch that HEAD stands for."""
        ...

    def update(self, commands: Sequence[Command], links: Links) -> None:
        """Move all these refs and link the content, or raise and do nothing."""
        ...


class Report:
    """What happened: to the pack, and to every ref (``None``: done; else the reason why not)."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self.unpack = "ok"
        self.refs: dict[str, str | None] = {command.name: None for command in commands}

    def refuse(self, commands: Iterable[Command], reason: str) -> None:
        """Note why refs stay as they are; the first reason for a ref counts."""
        for command in commands:
            self.refs[command.name] = self.refs[command.name] or _one_line(reason)

    def accepted(self, commands: Iterable[Command]) -> list[Command]:
        """The commands nothing was said against."""
        return [command for command in commands if self.refs[command.name] is None]

    def lines(self) -> bytes:
        """The report as git reads it."""
        lines = [f"unpack {self.unpack}"]
        lines += [f"ok {name}" if reason is None else f"ng {name} {reason}" for name, reason in self.refs.items()]
        return b"".join(map(text, lines)) + FLUSH


def answer(target: Target, file: BinaryIO, blob_limit: int) -> Iterator[bytes]:
    """The body of the answer to a ``git-receive-pack`` request whose body is ``file``."""
    try:
        request = read_push(Reader(file))
    except CommongroundError as error:
        yield text(f"ERR {_reason(error)}")
        return
    if not request.commands:
        return
    report = Report(request.commands)
    progress = _run(target, request, file, blob_limit, report)
    if "side-band-64k" not in request.features:
        for _ in progress:
            yield b""
        yield report.lines() if "report-status" in request.features else b""
        return
    quiet = "quiet" in request.features
    yield from sideband(2, (line.encode() for line in progress if not quiet))
    refused = {reason: None for reason in report.refs.values() if reason}
    yield from sideband(2, (f"error: {reason}\n".encode() for reason in refused))
    if "report-status" in request.features:
        yield from sideband(1, [report.lines()])
    yield FLUSH


def _run(target: Target, request: PushRequest, file: BinaryIO, blob_limit: int, report: Report) -> Iterator[str]:
    """Carry the push out, yielding progress."""
    unpacked = Unpacked()
    if request.has_pack:
        try:
            yield from _unpack(target, file, blob_limit, unpacked)
        except CommongroundError as error:
            report.unpack = _one_line(_reason(error))
            report.refuse(request.commands, _reason(error))
            return
    known = {ref.name: bytes.fromhex(ref.sha) for ref in target.refs}
    incoming = Incoming(target.objects, target, unpacked, (bytes.fromhex(ref.target) for ref in target.refs))
    for command in request.commands:
        try:
            _check_command(command, known, target.default_branch)
            if not command.deletes:
                for count in incoming.check(command.new, branch=command.name.startswith(HEADS)):
                    yield f"Checking files: {count}\r"
        except CommongroundError as error:
            report.refuse([command], _reason(error))
    _update(target, request, list(incoming.links.values()), report)


def _unpack(target: Target, file: BinaryIO, blob_limit: int, unpacked: Unpacked) -> Iterator[str]:
    pack = PackReader(file, blob_limit)
    for count in Unpacker(pack, target.objects, blob_limit, unpacked).run():
        done = "\r" if count < pack.count else ", done.\n"
        yield f"Unpacking objects: {count * 100 // max(pack.count, 1)}% ({count}/{pack.count}){done}"


def _check_command(command: Command, known: Mapping[str, bytes], default_branch: str) -> None:
    name = command.name
    if name.startswith((PULLS, CONVERTS)):
        raise InvalidRef(ref=name, reason="refs of pull requests and conversions are written by the server")
    if not command.deletes:
        check_ref(name)
    elif name == HEADS + default_branch:
        raise InvalidRef(ref=name, reason="the default branch cannot be deleted")
    if known.get(name, bytes(20)) != command.old:
        raise PushRejected(reason=f"{name} was updated meanwhile: fetch first")


def _update(target: Target, request: PushRequest, links: Links, report: Report) -> None:
    accepted = report.accepted(request.commands)
    if "atomic" in request.features and len(accepted) < len(request.commands):
        report.refuse(accepted, "atomic push failed")
        return
    if not accepted:
        return
    try:
        target.update(accepted, links)
    except CommongroundError as error:
        if "atomic" in request.features or len(accepted) == 1:
            report.refuse(accepted, _reason(error))
            return
        for command in accepted:
            _update_alone(target, command, links, report)


def _update_alone(target: Target, command: Command, links: Links, report: Report) -> None:
    try:
        target.update([command], links)
    except CommongroundError as error:
        report.refuse([command], _reason(error))


def _reason(error: CommongroundError) -> str:
    if isinstance(error, PushRejected):
        return str(error.details.get("reason", error))
    return str(error)


def _one_line(reason: str) -> str:
    return " ".join(reason.split())[:1000]
