"""Weights and gradients in memory that the servers and workers of one host share."""

import mmap
import os
import secrets
import struct
from pathlib import Path

import numpy as np

from commonground.errors import ParameterServerRefused
from commonground.training.parameter_server.arrays import Floats

MAGIC = b"CGPSSEG1"
_HEAD = struct.Struct("<8sQQ16s")
PAGE = 4096


class Segment:
    """``weights`` of ``[size]`` and one gradient slot of the same shape for each worker, in one mapping.

    It is an anonymous file: its path leads through the process that made it, only the same user can open it, and the memory is
    given back when the last process that holds it ends, however that ends. Slots nobody writes cost nothing.
    """

    def __init__(self, descriptor: int, size: int, slots: int, identity: bytes) -> None:
        self.size, self.slots, self.identity = size, slots, identity
        self._descriptor = descriptor
        self._stride = -(-4 * size // PAGE) * PAGE
        self._map = mmap.mmap(descriptor, PAGE + (1 + slots) * self._stride)
        self.weights = self._array(0)

    @classmethod
    def create(cls, size: int, slots: int) -> "Segment":
        """A new one, all zeros."""
        descriptor = os.memfd_create("commonground-weights")
        stride = -(-4 * size // PAGE) * PAGE
        os.ftruncate(descriptor, PAGE + (1 + slots) * stride)
        identity = secrets.token_bytes(16)
        os.pwrite(descriptor, _HEAD.pack(MAGIC, size, slots, identity), 0)
        return cls(descriptor, size, slots, identity)

    @classmethod
    def open(cls, path: str) -> "Segment":
        """The one at ``path``; ``OSError`` where this host has none, ``ParameterServerRefused`` where it is something else."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        magic, size, slots, identity = _HEAD.unpack(os.pread(descriptor, _HEAD.size, 0).ljust(_HEAD.size, b"\0"))
        stride = -(-4 * size // PAGE) * PAGE
        if magic != MAGIC or os.fstat(descriptor).st_size != PAGE + (1 + slots) * stride:
            os.close(descriptor)
            raise ParameterServerRefused(reason="the shared memory is not a parameter server's")
        return cls(descriptor, size, slots, identity)

    @property
    def path(self) -> str:
        """Where other processes of this user on this host open it, while this process lives."""
        return str(Path("/proc") / str(os.getpid()) / "fd" / str(self._descriptor))

    def gradient(self, rank: int) -> Floats:
        """The slot of worker ``rank``."""
        if not 0 <= rank < self.slots:
            raise ParameterServerRefused(reason=f"there are slots for ranks 0 to {self.slots - 1}, not for {rank}")
        return self._array(1 + rank)

    def close(self) -> None:
        """Let go of the file; arrays that were handed out stay valid until they are dropped."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _array(self, index: int) -> Floats:
        return np.frombuffer(self._map, np.float32, self.size, PAGE + index * self._stride)
