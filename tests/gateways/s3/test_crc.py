"""The CRCs against their published check values and a bit-by-bit computation."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.s3.crc import BLOCK, WIDTH, Crc, crc32c, crc64nvme

KINDS = {crc32c: (0x82F63B78, 32, 0xE3069283), crc64nvme: (0x9A6C9329AC4BC9B5, 64, 0xAE8B14860A799888)}


def slowly(data: bytes, polynomial: int, bits: int) -> int:
    register: int = 2**bits - 1
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (polynomial if register & 1 else 0)
    return register ^ int(2**bits - 1)


def quickly(make: Callable[[], Crc], *parts: bytes) -> int:
    crc = make()
    for part in parts:
        crc.update(part)
    return int.from_bytes(crc.digest(), "big")


@pytest.mark.parametrize("make", KINDS)
def test_the_check_value(make: Callable[[], Crc]) -> None:
    assert quickly(make, b"123456789") == KINDS[make][2]
    assert quickly(make) == 0


@pytest.mark.parametrize("make", KINDS)
@given(data=st.binary(max_size=3 * WIDTH), cut=st.integers(0, 3 * WIDTH))
def test_any_data_in_any_parts(make: Callable[[], Crc], data: bytes, cut: int) -> None:
    polynomial, bits, _ = KINDS[make]
    assert quickly(make, data[:cut], data[cut:]) == slowly(data, polynomial, bits)


@pytest.mark.parametrize("make", KINDS)
def test_more_than_a_block(make: Callable[[], Crc]) -> None:
    data = bytes(range(256)) * (BLOCK // 256) + b"and more"
    assert quickly(make, data) == quickly(make, data[:1000], data[1000:BLOCK], data[BLOCK:])
