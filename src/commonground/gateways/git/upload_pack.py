"""Answers a fetch: negotiation, shallow boundaries and the pack, in protocol versions 0, 1 and 2."""

from collections.abc import Iterator, Sequence

import msgspec

from commonground.errors import BadRequest, CommongroundError, NotSupported
from commonground.gateways.git.advertisement import list_refs
from commonground.gateways.git.fetch import FetchRequest, read_v0, read_v2
from commonground.gateways.git.graph import Graph, MissingObject
from commonground.gateways.git.objects import Objects
from commonground.gateways.git.pack_writer import write_pack
from commonground.gateways.git.pktline import DELIMITER, FLUSH, Reader, sideband, text
from commonground.gateways.git.shallow import Boundary, boundary
from commonground.gateways.git.walk import new_objects
from commonground.hub.revisions.model import Ref
from commonground.hub.revisions.objects import COMMIT

REPORT_EVERY = 5000


class Served(msgspec.Struct, frozen=True):
    """A repository as one fetch sees it."""

    objects: Objects
    refs: Sequence[Ref]
    default_branch: str


def answer(served: Served, reader: Reader, version: int) -> Iterator[bytes]:
    """The body of the answer to a ``git-upload-pack`` request. A refusal is a packet that git shows to its user."""
    try:
        yield from _answer_v2(served, reader) if version == 2 else _Fetch(served, read_v0(reader)).run_v0()
    except CommongroundError as error:
        yield text(f"ERR {error}")
    except MissingObject as error:
        yield text(f"ERR {error}")


def _answer_v2(served: Served, reader: Reader) -> Iterator[bytes]:
    command = b""
    while isinstance(packet := reader.read(), bytes):
        name, _, value = packet.removesuffix(b"\n").partition(b"=")
        command = value if name == b"command" else command
    arguments = reader.section() if packet is not None and packet.value == DELIMITER else ()
    if command == b"ls-refs":
        yield from list_refs(served.refs, served.default_branch, arguments)
    elif command == b"fetch":
        yield from _Fetch(served, read_v2(arguments)).run_v2()
    else:
        raise NotSupported(feature=f"the git command '{command[:40].decode('utf-8', 'replace')}'")


class _Fetch:
    """One fetch request."""

    def __init__(self, served: Served, request: FetchRequest) -> None:
        self._objects, self._refs, self._request = served.objects, served.refs, request
        self._graph = Graph(served.objects)
        self._tags: list[bytes] = []
        self._tips: list[bytes] = []
        self._check_visible(set(request.wants))
        for want in request.wants:
            self._want(want)
        known = self._objects.contains(request.haves)
        self._common = [sha for sha in request.haves if sha in known]

    def run_v0(self) -> Iterator[bytes]:
        """Shallow lines, one line for every common commit, then the pack if the client is done."""
        if not self._request.wants:
            return
        limits = self._boundary()
        if self._request.deepens:
            yield _shallow_lines(limits) + FLUSH
        detailed = "multi_ack_detailed" in self._request.features
        if detailed:
            yield b"".join(text(f"ACK {sha.hex()} common") for sha in self._common)
            if not self._request.done and self._ready():
                yield text(f"ACK {self._common[-1].hex()} ready")
        elif self._common:
            yield text(f"ACK {self._common[0].hex()}")
        if not self._request.done:
            yield text("NAK") if self._request.asks and (detailed or not self._common) else b""
            return
        if not self._common:
            yield text("NAK")
        elif detailed:
            yield text(f"ACK {self._common[-1].hex()}")
        yield from self._pack(limits, banded="side-band-64k" in self._request.features)

    def run_v2(self) -> Iterator[bytes]:
        """The sections of the answer: acknowledgments and, once client or server is ready, boundary and pack."""
        if not self._request.done:
            acks = b"".join(text(f"ACK {sha.hex()}") for sha in self._common)
            yield text("acknowledgments") + (acks or text("NAK"))
            if not self._ready():
                yield FLUSH
                return
            yield text("ready") + DELIMITER
        limits = self._boundary()
        if lines := _shallow_lines(limits):
            yield text("shallow-info") + lines + DELIMITER
        yield text("packfile")
        yield from self._pack(limits, banded=True)

    def _check_visible(self, wants: set[bytes]) -> None:
        """Only what a ref reaches is served."""
        hidden = wants - {bytes.fromhex(sha) for ref in self._refs for sha in (ref.sha, ref.target)}
        if hidden:
            for sha in self._graph.ancestors(bytes.fromhex(ref.target) for ref in self._refs):
                hidden.discard(sha)
                if not hidden:
                    return
            raise BadRequest(reason=f"upload-pack: not our ref {hidden.pop().hex()}")

    def _want(self, sha: bytes) -> None:
        tags, kind, target = self._graph.peel(sha)
        if kind != COMMIT:
            raise BadRequest(reason=f"{sha.hex()} is no commit")
        self._tags += tags
        self._tips.append(target)

    def _ready(self) -> bool:
        """Whether every tip leads to something the client has."""
        common = set(self._common)
        return bool(common) and all(self._graph.meets(tip, common) for tip in self._tips)

    def _boundary(self) -> Boundary:
        names = {
            name for short in self._request.exclude for name in (short, f"refs/tags/{short}", f"refs/heads/{short}")
        }
        excluded = [bytes.fromhex(ref.target) for ref in self._refs if ref.name in names]
        if len(excluded) < len(self._request.exclude):
            raise BadRequest(reason="deepen-not names a ref that does not exist")
        return boundary(self._graph, self._tips, self._request, excluded)

    def _pack(self, limits: Boundary, *, banded: bool) -> Iterator[bytes]:
        if not banded:
            yield from self._stream(limits, [])
            return
        messages: list[str] = []
        try:
            for part in self._stream(limits, messages):
                yield from sideband(2, (message.encode() for message in messages))
                messages.clear()
                yield from sideband(1, [part])
        except MissingObject as error:
            yield from sideband(3, [str(error).encode()])
        yield FLUSH

    def _stream(self, limits: Boundary, messages: list[str]) -> Iterator[bytes]:
        """The pack. An empty part hands on a message while objects are counted."""
        shas: list[bytes] = []
        for sha in self._wanted(limits):
            shas.append(sha)
            if len(shas) % REPORT_EVERY == 0:
                self._report(messages, f"Enumerating objects: {len(shas)}\r")
                yield b""
        self._report(messages, f"Enumerating objects: {len(shas)}, done.\n")
        yield from write_pack(self._objects, shas)

    def _report(self, messages: list[str], message: str) -> None:
        if "no-progress" not in self._request.features:
            messages.append(message)

    def _wanted(self, limits: Boundary) -> Iterator[bytes]:
        graph, had = self._graph, self._had()
        tips = self._tips + [parent for sha in limits.unshallow for parent in graph.commit(sha).parents]
        commits = graph.between(tips, had, wanted_end=limits.ends, had_end=self._request.shallow)
        yield from dict.fromkeys([*commits, *self._tag_objects(set(commits))])
        yield from (found.sha for found in new_objects(self._objects, graph, commits, limits.ends))

    def _had(self) -> list[bytes]:
        peeled = (self._graph.peel(sha) for sha in self._common)
        return [target for _, kind, target in peeled if kind == COMMIT]

    def _tag_objects(self, commits: set[bytes]) -> list[bytes]:
        """Annotated tags that were asked for, and with ``include-tag`` those of commits that are sent."""
        tags = list(self._tags)
        if "include-tag" in self._request.features:
            for ref in self._refs:
                if ref.sha != ref.target and bytes.fromhex(ref.target) in commits:
                    tags += self._graph.peel(bytes.fromhex(ref.sha))[0]
        common = set(self._common)
        return [sha for sha in tags if sha not in common]


def _shallow_lines(limits: Boundary) -> bytes:
    lines = [f"shallow {sha.hex()}" for sha in limits.shallow] + [f"unshallow {sha.hex()}" for sha in limits.unshallow]
    return b"".join(map(text, lines))
