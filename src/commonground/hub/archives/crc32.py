"""The CRC-32 of two pieces of data put together, from the CRC-32 of each (the method of zlib's ``crc32_combine``).

A CRC is a polynomial over GF(2) modulo P, its bits reflected: bit 31 is the coefficient of 1. To append n bytes is to
multiply by x^8n and to add the CRC of what is appended.
"""

from functools import lru_cache

_P = 0xEDB88320
_ONE = 1 << 31


def combine(first: int, second: int, length: int) -> int:
    """The CRC-32 of data of CRC ``first`` followed by ``length`` bytes of CRC ``second``."""
    return _multiply(_shift(length), first) ^ second


@lru_cache(maxsize=4096)
def _shift(length: int) -> int:
    """x^(8 * length) modulo P."""
    power, at = _ONE, 0
    while length:
        if length & 1:
            power = _multiply(_POWERS[at], power)
        length >>= 1
        at += 1
    return power


def _multiply(a: int, b: int) -> int:
    """The product modulo P."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ (_P if b & 1 else 0)
    return product


def _powers() -> list[int]:
    """x^(8 * 2^n) for every bit n of a length."""
    found = [_ONE >> 8]
    for _ in range(63):
        found.append(_multiply(found[-1], found[-1]))
    return found


_POWERS = _powers()
