"""CRC-32C and CRC-64/NVME, which the standard library lacks, many bytes at a time.

A CRC is linear: data is cut into equal lanes whose registers are computed side by side, eight bytes a step, and then
folded in pairs. Zeros in front of data change nothing in a register that is zero, so any length can be padded.
"""

from functools import cache
from typing import Any

import numpy as np

Words = np.ndarray[Any, np.dtype[np.uint64]]

WIDTH = 128
"""Bytes of a lane."""
BLOCK = 2**20
"""Bytes computed at a time."""


class Polynomial:
    """A reflected CRC of 32 or 64 bits whose register starts and ends inverted."""

    def __init__(self, reversed_polynomial: int, bits: int) -> None:
        self.mask = 2**bits - 1
        byte = np.arange(256, dtype=np.uint64)
        for _ in range(8):
            byte = np.where(byte & np.uint64(1), np.uint64(reversed_polynomial), np.uint64(0)) ^ (byte >> np.uint64(1))
        self._after_byte = byte
        tables = [byte]
        for _ in range(7):
            tables.append(self._step(tables[-1]))
        self._slices = np.stack(tables[::-1])
        shift = np.stack([self._step(np.arange(256, dtype=np.uint64) << np.uint64(8 * at)) for at in range(8)])
        self._shifts = [shift]
        for _ in range(63):
            self._shifts.append(np.stack([_apply(self._shifts[-1], row) for row in self._shifts[-1]]))

    def update(self, register: int, data: bytes | memoryview) -> int:
        """The register after ``data``."""
        view = memoryview(data)
        for start in range(0, len(view), BLOCK):
            block = view[start : start + BLOCK]
            register = self._shifted(register, len(block)) ^ self._of(block)
        return register

    def _of(self, data: memoryview) -> int:
        """The register that was zero, after ``data``."""
        lanes = 1 << max(0, (-(-len(data) // WIDTH) - 1).bit_length())
        padded = np.zeros(lanes * WIDTH, dtype=np.uint8)
        padded[len(padded) - len(data) :] = np.frombuffer(data, dtype=np.uint8)
        words = np.ascontiguousarray(padded.view("<u8").reshape(lanes, WIDTH // 8).T)
        registers = np.zeros(lanes, dtype=np.uint64)
        for column in words:
            registers = _apply(self._slices, registers ^ column)
        level = WIDTH.bit_length() - 1
        while len(registers) > 1:
            registers = _apply(self._shifts[level], np.ascontiguousarray(registers[0::2])) ^ registers[1::2]
            level += 1
        return int(registers[0])

    def _shifted(self, register: int, count: int) -> int:
        """The register after ``count`` zero bytes."""
        word = np.array([register], dtype=np.uint64)
        for level in range(count.bit_length()):
            if count >> level & 1:
                word = _apply(self._shifts[level], word)
        return int(word[0])

    def _step(self, registers: Words) -> Words:
        low = (registers & np.uint64(255)).astype(np.intp)
        stepped: Words = self._after_byte[low] ^ (registers >> np.uint64(8))
        return stepped


class Crc:
    """A running CRC with the interface of :mod:`hashlib`."""

    def __init__(self, polynomial: Polynomial) -> None:
        self._polynomial, self._register = polynomial, polynomial.mask

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._register = self._polynomial.update(self._register, data)

    def digest(self) -> bytes:
        """The CRC, most significant byte first."""
        mask = self._polynomial.mask
        value: bytes = (self._register ^ mask).to_bytes(mask.bit_length() // 8, "big")
        return value


@cache
def _polynomial(reversed_polynomial: int, bits: int) -> Polynomial:
    return Polynomial(reversed_polynomial, bits)


def crc32c() -> Crc:
    """CRC-32C (Castagnoli)."""
    return Crc(_polynomial(0x82F63B78, 32))


def crc64nvme() -> Crc:
    """CRC-64/NVME."""
    return Crc(_polynomial(0x9A6C9329AC4BC9B5, 64))


def _apply(tables: Words, words: Words) -> Words:
    """The linear map that ``tables`` hold for each of the eight bytes of a word, of every word."""
    parts = words.view(np.uint8).reshape(-1, 8)
    found: Words = tables[0][parts[:, 0]]
    for at in range(1, 8):
        found ^= tables[at][parts[:, at]]
    return found
