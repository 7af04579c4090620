"""What each codec keeps, how large it is at most, and that bytes of a stranger do no harm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from commonground.errors import InvalidFrame
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.codec import CODECS, Codec, ErrorFeedback, TopK, codec_named

VALUES = arrays.arrays(np.float32, st.integers(1, 300), elements=st.floats(-(2.0**100), 2.0**100, width=32))


def through(codec: Codec, values: Floats) -> Floats:
    payload = codec.encode(values.copy())
    assert len(payload) <= codec.bound(len(values))
    out = np.full_like(values, 7)
    codec.decode(payload, out)
    return out


@given(VALUES)
def test_float32_is_exact(values: Floats) -> None:
    assert np.array_equal(through(codec_named("fp32"), values), values)


@given(VALUES)
def test_bfloat16_keeps_eight_bits(values: Floats) -> None:
    assert np.all(np.abs(through(codec_named("bf16"), values) - values) <= np.abs(values) * 2.0**-8 + 1e-38)


def test_bfloat16_rounds_to_even_and_keeps_what_is_not_finite() -> None:
    bits = np.array([0x3F808000, 0x3F818000, 0x7F800000, 0xFF800000, 0x7FFFFFFF], np.uint32)
    out = through(codec_named("bf16"), bits.view(np.float32))
    assert out[:4].view(np.uint32).tolist() == [0x3F800000, 0x3F820000, 0x7F800000, 0xFF800000]
    assert np.isnan(out[4])


@given(VALUES)
def test_int8_errs_by_half_a_step(values: Floats) -> None:
    step = np.abs(values).max() / 127
    assert np.all(np.abs(through(codec_named("int8"), values) - values) <= step * 0.501 + 1e-37)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_int8_does_not_carry_what_is_not_finite(bad: float) -> None:
    with pytest.raises(InvalidFrame):
        codec_named("int8").encode(np.array([1, bad], np.float32))


def test_top_k_keeps_the_largest() -> None:
    assert through(TopK(0.4), np.array([1, -9, 2, 5, 0], np.float32)).tolist() == [0, -9, 0, 5, 0]


@given(st.sampled_from(sorted(CODECS)), st.binary(max_size=200), st.integers(1, 40))
def test_hostile_bytes_are_refused_or_decoded(name: str, payload: bytes, count: int) -> None:
    out = np.empty(count, np.float32)
    try:
        codec_named(name).decode(memoryview(payload), out)
    except InvalidFrame:
        return
    assert len(out) == count


def test_what_was_left_out_is_sent_later() -> None:
    feedback, codec = ErrorFeedback(TopK(0.25), 8), TopK(0.25)
    gradient = np.linspace(0.1, 0.8, 8, dtype=np.float32)
    received, out = np.zeros(8, np.float32), np.empty(8, np.float32)
    for _ in range(40):
        for start in (0, 4):
            codec.decode(feedback.encode(start, gradient[start : start + 4]), out[start : start + 4])
        received += out
    np.testing.assert_allclose(received + feedback.residual, 40 * gradient, rtol=1e-5)
    assert np.all(received > 0)
