"""The server of a table of which a step touches few rows: embeddings."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
import structlog
from blake3 import blake3

from commonground.errors import CommongroundError, InvalidFrame
from commonground.training.parameter_server.arrays import Floats, as_bytes
from commonground.training.parameter_server.clocks import rate_factor
from commonground.training.parameter_server.frame import MAX_PAYLOAD, Frame, Kind
from commonground.training.parameter_server.peer import Peer
from commonground.training.parameter_server.shard import Shard

log = structlog.get_logger()
Keys = npt.NDArray[np.int64]

DIGEST = 16
WITH_KEYS, WITH_GRADIENTS = 1, 2
"""Bits of a ``ROWS`` frame's codec: what follows the checksum of the keys."""
REMEMBERED = 16
"""Key lists a worker may refer to by their checksum alone."""


def digest(keys: Keys) -> bytes:
    """The checksum a key list is known by (key caching: Li et al., OSDI'14)."""
    return blake3(as_bytes(keys)).digest(DIGEST)


def most_rows(dimension: int) -> int:
    """How many rows one frame may carry with their keys."""
    return (MAX_PAYLOAD - DIGEST) // (8 + 4 * dimension)


class Request(msgspec.Struct, frozen=True):
    """The rows a worker wants, after its gradients were applied to them."""

    keys: Keys
    gradients: Floats | None


class SparseTable:
    """Rows ``[rows, dimension]`` of a shard; each request is applied when it arrives, touched rows alone are read and written."""

    def __init__(self, shard: Shard, on_step: Callable[[int], None]) -> None:
        self.shard, self.on_step = shard, on_step
        self.dimension = shard.options.dimension
        self.rows = shard.weights.reshape(-1, self.dimension)
        self.state = [state.reshape(-1, self.dimension) for state in shard.state]
        self.step = 0
        self.peers: list[Peer] = []
        self._lock = threading.Lock()

    def run(self, stopping: threading.Event) -> None:
        """Wait for the end; the work is in the threads that :meth:`join`."""
        stopping.wait()

    def join(self, peer: Peer) -> None:
        """Serve a worker until it leaves or is lost, on the calling thread."""
        self.peers.append(peer)
        try:
            self._serve(peer)
        except CommongroundError as error:
            log.warning("worker lost", rank=peer.rank, step=self.step, reason=str(error))
        finally:
            self.peers.remove(peer)
            peer.connection.close()

    def apply(self, rank: int, keys: Keys, gradients: Floats) -> None:
        """One update of the rows ``keys``, which are distinct."""
        options = self.shard.options
        rows = self.rows[keys]
        state = [state[keys] for state in self.state]
        ranges = self._ranges(keys)
        clocks = self.shard.clocks
        stale = int((clocks.version[ranges] - clocks.seen[rank, ranges]).max())
        clocks.version[ranges] += 1
        clocks.pushed[rank, ranges] += 1
        rate = options.optimizer.learning_rate * rate_factor(stale, options.staleness_scale)
        scratch = np.empty_like(rows), np.empty_like(rows)
        options.optimizer.update(rows, gradients, state, scratch, rate, int(clocks.version[ranges].max()))
        self.rows[keys] = rows
        for whole, part in zip(self.state, state, strict=True):
            whole[keys] = part

    def _serve(self, peer: Peer) -> None:
        known: OrderedDict[bytes, Keys] = OrderedDict()
        while (frame := peer.connection.receive()).kind is not Kind.BYE:
            if frame.kind is Kind.BEAT:
                continue
            if frame.kind is not Kind.ROWS or frame.generation != peer.generation:
                raise InvalidFrame(reason=f"{frame.kind.name} where ROWS of this run belongs")
            request = self._request(frame, peer.connection.receive_payload(frame, MAX_PAYLOAD), known)
            if request is None:
                peer.connection.send(Frame(Kind.KEYS_WANTED, generation=peer.generation))
            else:
                rows = self._answer(peer, request)
                payload = as_bytes(rows)
                answer = Frame(Kind.ROWS, count=len(rows), generation=peer.generation, size=len(payload))
                peer.connection.send(answer, payload)

    def _answer(self, peer: Peer, request: Request) -> Floats:
        with self._lock:
            if request.gradients is not None and len(request.keys):
                self.apply(peer.rank, request.keys, request.gradients)
                self.step += 1
                self.on_step(self.step)
            ranges = self._ranges(request.keys)
            self.shard.clocks.seen[peer.rank, ranges] = self.shard.clocks.version[ranges]
            return self.rows[request.keys]

    def _ranges(self, keys: Keys) -> Keys:
        """The ranges, with clocks of their own, that rows lie in."""
        return np.unique(keys * self.dimension // self.shard.clocks.chunk)

    def _request(self, frame: Frame, payload: bytes, known: "OrderedDict[bytes, Keys]") -> Request | None:
        """What a frame asks; ``None`` if its keys have to be sent again."""
        size = 8 * frame.count if frame.codec & WITH_KEYS else 0
        expected = DIGEST + size + (4 * self.dimension * frame.count if frame.codec & WITH_GRADIENTS else 0)
        if len(payload) != expected:
            raise InvalidFrame(reason=f"{len(payload)} bytes of rows where {expected} belong")
        name = payload[:DIGEST]
        if size:
            self._remember(name, np.frombuffer(payload, np.int64, frame.count, DIGEST), known)
        keys = known.get(name)
        if keys is None or len(keys) != frame.count:
            return None
        known.move_to_end(name)
        values = np.frombuffer(payload, np.float32, offset=DIGEST + size).reshape(-1, self.dimension)
        return Request(keys, values if frame.codec & WITH_GRADIENTS else None)

    def _remember(self, name: bytes, keys: Keys, known: "OrderedDict[bytes, Keys]") -> None:
        if digest(keys) != name:
            raise InvalidFrame(reason="the checksum of the keys is wrong")
        if keys[0] < 0 or keys[-1] >= len(self.rows) or not np.all(keys[1:] > keys[:-1]):
            raise InvalidFrame(reason=f"keys ascend, from 0 to {len(self.rows) - 1}")
        known[name] = keys.copy()
        if len(known) > REMEMBERED:
            known.popitem(last=False)
