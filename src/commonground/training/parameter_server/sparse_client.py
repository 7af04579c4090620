"""The worker's side of a table: rows by key."""

from collections import OrderedDict
from typing import Self

import numpy as np
import numpy.typing as npt

from commonground.errors import BadRequest, InvalidFrame
from commonground.training.parameter_server.arrays import Floats, as_bytes
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.handshake import Choice, introduce
from commonground.training.parameter_server.heartbeat import Heartbeat
from commonground.training.parameter_server.socket import Connection, connect
from commonground.training.parameter_server.sparse import (
    REMEMBERED,
    WITH_GRADIENTS,
    WITH_KEYS,
    Keys,
    digest,
    most_rows,
)


class TableShard:
    """The rows ``first..last`` of the table, and the key lists this shard has been told."""

    def __init__(self, address: str, rank: int, token: str, timeout: float) -> None:
        self.connection: Connection = connect(address, timeout)
        self.welcome = introduce(self.connection, token, rank)
        self.connection.send_message(Kind.HELLO, Choice(False))
        self.dimension = max(1, self.welcome.dimension)
        self.first, self.last = self.welcome.start // self.dimension, self.welcome.stop // self.dimension
        self._told: OrderedDict[bytes, None] = OrderedDict()

    def send(self, keys: Keys, gradients: Floats | None, *, again: bool = False) -> None:
        """Ask for rows; the keys themselves travel only the first time."""
        name = digest(keys)
        with_keys = again or name not in self._told
        self._told[name] = None
        self._told.move_to_end(name)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        parts = [name] + ([as_bytes(keys)] if with_keys else [])
        parts += [as_bytes(gradients)] if gradients is not None else []
        payload = b"".join(parts)
        flags = (WITH_KEYS if with_keys else 0) | (WITH_GRADIENTS if gradients is not None else 0)
        frame = Frame(Kind.ROWS, flags, generation=self.welcome.generation, start=0, count=len(keys), size=len(payload))
        self.connection.send(frame, payload)

    def receive(self, keys: Keys, gradients: Floats | None) -> Floats:
        """The rows asked for."""
        frame = self._next()
        if frame.kind is Kind.KEYS_WANTED:
            self.send(keys, gradients, again=True)
            frame = self._next()
        rows = np.empty((len(keys), self.dimension), np.float32)
        if frame.kind is not Kind.ROWS or frame.size != rows.nbytes:
            raise InvalidFrame(reason=f"{frame.kind.name} of {frame.size} bytes instead of rows")
        self.connection.receive_into(as_bytes(rows))
        return rows

    def _next(self) -> Frame:
        while (frame := self.connection.receive()).kind is Kind.BEAT:
            pass
        return frame


class SparseWorker:
    """A worker of a table ``[rows, dimension]``; keys are row numbers, in any order and as often as the batch has them.

    ``address`` lists the shards as for :class:`Worker`. Raises as that does. One thread at a time.
    """

    def __init__(self, address: str, rank: int = 0, token: str = "", *, timeout: float = 60.0) -> None:
        self._shards: list[TableShard] = []
        try:
            self._shards.extend(TableShard(shard, rank, token, timeout) for shard in address.split(","))
        except BaseException:
            self._disconnect()
            raise
        self.dimension, self.rows = self._shards[0].dimension, self._shards[-1].last
        for shard in self._shards:
            shard.connection.set_deadline(2 * shard.welcome.heartbeat)
        beats = min(shard.welcome.heartbeat for shard in self._shards) / 3
        self._heartbeat = Heartbeat([shard.connection for shard in self._shards], beats)

    def pull(self, keys: npt.ArrayLike) -> Floats:
        """The rows of ``keys``: float32 ``[len(keys), dimension]``."""
        unique, where = self._distinct(keys)
        return self._exchange(unique, None)[where]

    def push_pull(self, keys: npt.ArrayLike, gradients: Floats) -> Floats:
        """Hand in a gradient ``[len(keys), dimension]``, those of one key are added up, and take the rows after it."""
        unique, where = self._distinct(keys)
        summed = np.zeros((len(unique), self.dimension), np.float32)
        order = np.argsort(where, kind="stable")
        if len(order):
            np.add.reduceat(gradients[order], np.flatnonzero(np.diff(where[order], prepend=-1)), axis=0, out=summed)
        return self._exchange(unique, summed)[where]

    def close(self) -> None:
        """Leave."""
        self._heartbeat.stop()
        with self._heartbeat.busy:
            self._disconnect()

    def _disconnect(self) -> None:
        for shard in self._shards:
            shard.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _distinct(self, keys: npt.ArrayLike) -> tuple[Keys, npt.NDArray[np.intp]]:
        unique, where = np.unique(np.asarray(keys, np.int64).reshape(-1), return_inverse=True)
        if len(unique) and (unique[0] < 0 or unique[-1] >= self.rows):
            raise BadRequest(reason=f"keys are 0 to {self.rows - 1}")
        return unique, where

    def _exchange(self, keys: Keys, gradients: Floats | None) -> Floats:
        """Ask all shards, then take what they answer; in parts that fit a frame."""
        parts = []
        limit = most_rows(self.dimension)
        with self._heartbeat.busy:
            for first in range(0, len(keys), limit):
                part = slice(first, first + limit)
                parts.append(self._exchange_part(keys[part], None if gradients is None else gradients[part]))
        return np.concatenate([*parts, np.empty((0, self.dimension), np.float32)])

    def _exchange_part(self, keys: Keys, gradients: Floats | None) -> Floats:
        edges = np.searchsorted(keys, [self._shards[0].first, *(shard.last for shard in self._shards)])
        asked = []
        for shard, first, last in zip(self._shards, edges[:-1], edges[1:], strict=True):
            if first < last:
                values = None if gradients is None else gradients[first:last]
                shard.send(keys[first:last] - shard.first, values)
                asked.append((shard, keys[first:last] - shard.first, values))
        return np.concatenate([shard.receive(own, values) for shard, own, values in asked])
