import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.croissant.thrift import Malformed, Reader


def test_fields_of_all_kinds() -> None:
    data = bytes([
        0x15, 0x54,  # field 1, i32: 42
        0x18, 0x02, *b"ab",  # field 2, binary
        0x11,  # field 3, true
        0x12,  # field 4, false
        0x19, 0x25, 0x02, 0x03,  # field 5, list of two i32: 1, -2
        0x1C, 0x15, 0x02, 0x00,  # field 6, a struct with field 1: 1
        0x17, *bytes(8),  # field 7, double
        0x1B, 0x01, 0x58, 0x02, 0x01, *b"x",  # field 8, map of one i32 to a binary
        0x06, 0x2A, 0x0E,  # a field with its own number 21, i64: 7
        0x00,
    ])  # fmt: skip
    assert Reader(data).struct() == {
        1: 42, 2: b"ab", 3: True, 4: False, 5: [1, -2], 6: {1: 1}, 7: bytes(8), 8: [(1, b"x")], 21: 7,
    }  # fmt: skip


def test_what_is_behind_the_last_wanted_field_is_not_read() -> None:
    assert Reader(bytes([0x15, 0x02, 0x25, 0xFF])).struct(last=1) == {1: 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes([0x15]),
        bytes([0x18, 0x7F, 0x00]),  # a text longer than the data
        bytes([0x19, 0xF5, 0xFF, 0xFF, 0xFF, 0x7F]),  # a list of 268 million elements
        bytes([0x1B, 0xFF, 0xFF, 0x7F, 0x55]),  # a map of two million
        bytes([0x1D]),  # no such type
        bytes([0x15, *[0xFF] * 11]),  # a number without an end
        bytes([0x1C] * 100),  # structures in structures
    ],
)
def test_malformed_data_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Reader(data).struct()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        Reader(data).struct()
