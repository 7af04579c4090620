"""Headers of weight files: what they say, how little is read for it, and that no file can do harm."""

import struct
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.errors import CorruptBlob
from commonground.hub.weights.inspection import combine, inspect, shards_of
from commonground.hub.weights.model import Format, InvalidWeights, Tensor, WeightsInfo
from tests.hub.weights import files

pytestmark = pytest.mark.anyio


class Reads:
    """A file in memory that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.bytes, self.calls = data, 0, 0

    async def __call__(self, start: int, end: int) -> bytes:
        assert 0 <= start <= end <= len(self.data)
        self.bytes += end - start
        self.calls += 1
        return self.data[start:end]


async def read(format_: Format, data: bytes) -> WeightsInfo:
    return await inspect(format_, len(data), Reads(data))


# --- what is said ---------------------------------------------------------------------------------------------------


async def test_safetensors_tensors_are_counted_per_type() -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "a": np.zeros((3, 4), np.float32),
        "b": np.zeros(5, np.float16),
        "c": np.zeros((2, 2), np.float32),
    }
    info = await read("safetensors", files.safetensors(arrays, {"format": "pt"}))
    assert (info.total, info.parameters, info.metadata) == (21, {"F32": 16, "F16": 5}, {"format": "pt"})
    assert info.tensors == (Tensor("a", "F32", (3, 4)), Tensor("b", "F16", (5,)), Tensor("c", "F32", (2, 2)))


async def test_a_long_safetensors_header_takes_a_second_read() -> None:
    arrays = {f"layer.{i}.weight": np.zeros(1, np.uint8) for i in range(3000)}
    reads = Reads(files.safetensors(arrays) + b"")
    info = await inspect("safetensors", len(reads.data), reads)
    assert (info.tensor_count, reads.calls) == (3000, 2)


async def test_gguf_metadata_and_tensors() -> None:
    metadata = {
        "general.architecture": "llama",
        "llama.context_length": 4096,
        "tokenizer.ggml.tokens": [f"token{i}" for i in range(5000)],
        "tokenizer.ggml.scores": [0.5] * 5000,
        "rope": 1.5,
        "flag": True,
    }
    info = await read("gguf", files.gguf(metadata, [("w", (64, 32), 12), ("b", (64,), 0)]))
    assert (info.total, info.parameters) == (64 * 32 + 64, {"Q4_K": 2048, "F32": 64})
    assert info.tensors[0] == Tensor("w", "Q4_K", (32, 64))
    assert info.metadata == {
        "general.architecture": "llama",
        "llama.context_length": 4096,
        "rope": 1.5,
        "flag": True,
    }


@pytest.mark.parametrize("packed", [True, False])
async def test_onnx_initializers_are_found_without_reading_their_data(packed: bool) -> None:
    tensors = [files.onnx_tensor(f"w{i}", (256, 1024), 1, bytes(2**20), packed=packed) for i in range(8)]
    reads = Reads(files.onnx([*tensors, files.onnx_tensor("n", (), 7, bytes(8))]))
    info = await inspect("onnx", len(reads.data), reads)
    assert info.error is None
    assert (info.parameters, info.tensor_count) == ({"float32": 8 * 256 * 1024, "int64": 1}, 9)
    assert info.metadata == {"ir_version": 9, "producer_name": "by hand", "opset_import": {"ai.onnx": 17}}
    assert reads.bytes < len(reads.data) / 50


async def test_shards_are_added_up() -> None:
    parts = [
        await read("safetensors", files.safetensors({name: np.zeros(size, np.float32)}))
        for name, size in (("a", 3), ("b", 4))
    ]
    whole = combine(parts)
    assert (whole.total, whole.parameters, whole.tensor_count) == (7, {"F32": 7}, 2)
    assert [tensor.name for tensor in whole.tensors] == ["a", "b"]
    broken = WeightsInfo(format="safetensors", error="damaged")
    assert combine([*parts, broken]) == broken


def test_the_index_names_the_shards() -> None:
    index = b'{"metadata": {"total_size": 1}, "weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors"}}'
    assert shards_of(index) == ("m-1.safetensors", "m-2.safetensors")
    for bad in (b"", b"[]", b'{"weight_map": 3}', b'{"weight_map": {"a": 1}}', b"\xff"):
        with pytest.raises(InvalidWeights):
            shards_of(bad)


# --- what is refused ------------------------------------------------------------------------------------------------

HOSTILE: list[tuple[Format, bytes, str]] = [
    ("safetensors", b"", "length"),
    ("safetensors", struct.pack("<Q", 2**63) + b"{}", "length"),
    ("safetensors", struct.pack("<Q", 3) + b"{}", "length"),
    ("safetensors", files.raw_safetensors(b"[" * 20_000), "format asks"),
    ("safetensors", files.raw_safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}}), "offsets"),
    ("safetensors", files.raw_safetensors({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 0]}}), "format asks"),
    ("safetensors", files.raw_safetensors({"a": {"dtype": "F99", "shape": [], "data_offsets": [0, 0]}}), "unknown type"),
    ("safetensors", files.raw_safetensors({"a": {"dtype": "F32", "shape": [2**40] * 9, "data_offsets": [0, 0]}}), "shape"),
    ("gguf", b"GGUF", "ends inside"),
    ("gguf", b"GGML" + bytes(20), "not a little-endian"),
    ("gguf", struct.pack("<4sIQQ", b"GGUF", 3, 2**60, 0), "announces"),
    ("gguf", struct.pack("<4sIQQ", b"GGUF", 3, 0, 2**60), "announces"),
    ("gguf", struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, 2**62), "bytes long"),
    ("gguf", struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q1sIIQ", 1, b"a", 9, 8, 2**61), "texts"),
    ("gguf", struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q1sIIQ", 1, b"a", 9, 4, 2**61), "behind the end"),
    ("gguf", struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q1sI", 1, b"a", 77), "unknown type"),
    ("gguf", files.gguf({}, [("w", (2**62, 4), 0)]), "shape"),
    ("onnx", b"", "not an ONNX"),
    ("onnx", b"\xff" * 64, "not a protobuf"),
    ("onnx", files.field(7, b"\x2a\x7f"), "longer than"),
    ("onnx", files.field(1, 9) + files.field(7, b"") * 2, "not an ONNX"),
    ("onnx", files.onnx([files.onnx_tensor("w", (2**62, 2**62), 1, b"")]), "shape"),
    ("onnx", files.onnx([files.onnx_tensor("w", (1,) * 10_000, 1, b"")]), "dimensions"),
]  # fmt: skip


@pytest.mark.parametrize(("format_", "data", "reason"), HOSTILE)
async def test_a_hostile_header_is_an_error_value(format_: Format, data: bytes, reason: str) -> None:
    info = await read(format_, data)
    assert info.error is not None
    assert reason in info.error
    assert info.total == 0


@settings(max_examples=60, deadline=None)
@given(
    format_=st.sampled_from(get_args(Format)),
    data=st.binary(max_size=300),
    cut=st.integers(0, 400),
    at=st.integers(0, 400),
)
async def test_no_damage_is_ever_raised(format_: Format, data: bytes, cut: int, at: int) -> None:
    good = {
        "safetensors": files.safetensors({"a": np.zeros(9, np.float32)}),
        "gguf": files.gguf({"general.name": "x", "list": ["a", "b"]}, [("w", (4, 4), 2)]),
        "onnx": files.onnx([files.onnx_tensor("w", (3,), 1, bytes(12))]),
    }[format_]
    for damaged in (data, good[:cut], good[:at] + data + good[at:]):
        info = await read(format_, damaged)
        assert (info.error is None) or info.total == 0


async def test_content_that_cannot_be_read_is_an_error_value() -> None:
    async def damaged(start: int, end: int) -> bytes:
        raise CorruptBlob(oid="x")

    info = await inspect("gguf", 1000, damaged)
    assert info.error is not None
    assert "damaged" in info.error


async def test_a_vocabulary_of_announced_texts_is_not_read_for_ever() -> None:
    texts = struct.pack("<IIQ", 9, 8, 3_000_000) + bytes(8) * 3000
    data = struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q1s", 1, b"a") + texts
    assert "ends inside" in str((await read("gguf", data)).error)
