"""Batches as bytes: what goes in comes out, and nothing else is believed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from commonground.errors import InvalidFrame
from commonground.training.data_server.batch import decode, encode

DTYPES = st.sampled_from(["<f4", "<i8", "|b1", "<u2", "<U5", "|S3", ">f8"])
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=5)))


def travelled(batch: dict[str, np.ndarray]) -> memoryview:
    return memoryview(b"".join(encode(batch)))


@given(batch=st.dictionaries(st.text(max_size=5), ARRAYS, max_size=4))
def test_a_batch_arrives_as_it_was_sent(batch: dict[str, np.ndarray]) -> None:
    found = decode(travelled(batch))
    assert list(found) == list(batch)
    for name, array in batch.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == np.ascontiguousarray(array).tobytes()


def test_objects_do_not_travel() -> None:
    with pytest.raises(InvalidFrame, match="object"):
        encode({"x": np.array([{}], object)})


@given(noise=st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    try:
        decode(memoryview(noise))
    except InvalidFrame:
        return


@pytest.mark.parametrize("described", [b'[["x","|O",[1]]]', b'[["x","<f4",[99]]]', b'[["x","<f4",[-1]]]', b"[]", b"7"])
def test_what_was_described_wrongly_is_refused(described: bytes) -> None:
    with pytest.raises(InvalidFrame):
        decode(memoryview(len(described).to_bytes(4, "little") + described + bytes(4)))
