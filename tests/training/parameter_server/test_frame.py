"""Frames survive the wire, and what is not a frame is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidFrame
from commonground.training.parameter_server.frame import HEADER_SIZE, MAX_PAYLOAD, Frame, Kind, decode

FRAMES = st.builds(
    Frame,
    kind=st.sampled_from(Kind),
    codec=st.integers(0, 255),
    rank=st.integers(0, 2**16 - 1),
    generation=st.integers(0, 2**32 - 1),
    clock=st.integers(0, 2**64 - 1),
    start=st.integers(0, 2**64 - 1),
    count=st.integers(0, 2**64 - 1),
    size=st.integers(0, MAX_PAYLOAD),
)


@given(FRAMES)
def test_a_frame_is_what_was_sent(frame: Frame) -> None:
    assert decode(frame.encode()) == frame


@given(FRAMES, st.integers(0, HEADER_SIZE - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(frame: Frame, position: int, change: int) -> None:
    header = bytearray(frame.encode())
    header[position] ^= change
    with pytest.raises(InvalidFrame):
        decode(header)


@given(st.binary(max_size=2 * HEADER_SIZE))
def test_noise_is_no_frame(noise: bytes) -> None:
    with pytest.raises(InvalidFrame):
        decode(noise)


def test_a_payload_has_a_limit() -> None:
    with pytest.raises(InvalidFrame, match="at most"):
        decode(Frame(Kind.PUSH, size=MAX_PAYLOAD + 1).encode())
