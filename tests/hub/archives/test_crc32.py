import zlib

from hypothesis import given
from hypothesis import strategies as st

from commonground.hub.archives.crc32 import combine


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_sum_of_two_pieces(first: bytes, second: bytes) -> None:
    assert combine(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


def test_a_long_second_piece() -> None:
    zeros = bytes(10_000_001)
    assert combine(zlib.crc32(b"x"), zlib.crc32(zeros), len(zeros)) == zlib.crc32(b"x" + zeros)


def test_lengths_beyond_memory() -> None:
    once, twice = (combine(zlib.crc32(b"x"), _zeros(power), 2**power) for power in (39, 40))
    assert combine(once, _zeros(39), 2**39) == twice


def _zeros(power: int) -> int:
    """The sum of 2^power zeros, by doubling."""
    total = zlib.crc32(b"\0")
    for at in range(power):
        total = combine(total, total, 2**at)
    return total
