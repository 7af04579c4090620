"""Weight files, sound and damaged, next to the verdicts of the formats' own packages where these are installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.operations.validation.service import validate
from tests.hub.weights.files import gguf, raw_safetensors, safetensors

ARRAYS: dict[str, Any] = {"a": np.zeros((2, 3), np.float32), "b": np.arange(4, dtype=np.int64)}


def problems(folder: Path, name: str, content: bytes) -> list[str]:
    (folder / name).write_bytes(content)
    return [problem.message for problem in validate(folder / name).problems]


def onnx_model() -> bytes:
    onnx = pytest.importorskip("onnx")
    weight = onnx.numpy_helper.from_array(np.ones((2, 2), np.float32), "w")
    value = [onnx.helper.make_tensor_value_info(name, 1, [2, 2]) for name in ("x", "y")]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "g", value[:1], value[1:], [weight]
    )
    made: bytes = onnx.helper.make_model(graph).SerializeToString()
    return made


def onnx_accepts(content: bytes) -> bool:
    import onnx

    try:
        onnx.checker.check_model(onnx.load_model_from_string(content))
    except Exception:  # noqa: BLE001 - of any kind
        return False
    return True


def test_sound_files_are_valid(tmp_path: Path) -> None:
    assert problems(tmp_path, "m.safetensors", safetensors(ARRAYS, {"format": "pt"})) == []
    assert problems(tmp_path, "m.gguf", gguf({"general.name": "x"}, [("t", [2], 0)], bytes(8))) == []
    model = onnx_model()
    assert onnx_accepts(model)
    assert problems(tmp_path, "m.onnx", model) == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_onnx_accepts_is_never_refused(tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(onnx_model())
    for _ in range(data.draw(st.integers(1, 2))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    content = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    if problems(tmp_path, "m.onnx", content):
        assert not onnx_accepts(content)


def test_an_onnx_model_cut_anywhere_inside_its_graph_is_refused_by_both(tmp_path: Path) -> None:
    model = onnx_model()
    for length in range(0, len(model) - 10, 7):
        assert not onnx_accepts(model[:length])
        assert problems(tmp_path, "m.onnx", model[:length])


DAMAGED = {
    "empty": b"",
    "short": b"\x08",
    "cut": safetensors(ARRAYS)[:-1],
    "longer": safetensors(ARRAYS) + b"\0",
    "no header": raw_safetensors(b"[]"),
    "no JSON": raw_safetensors(b"{"),
    "unknown type": raw_safetensors({"a": {"dtype": "F33", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
    "wrong size": raw_safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
    "a gap": raw_safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)),
    "overlapping": raw_safetensors(
        {name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for name in "ab"}, bytes(4)
    ),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_safetensors_are_refused(tmp_path: Path, content: bytes) -> None:
    assert problems(tmp_path, "m.safetensors", content)


@pytest.mark.parametrize("content", [*DAMAGED.values(), safetensors(ARRAYS)])
def test_the_package_of_safetensors_has_the_same_verdict(tmp_path: Path, content: bytes) -> None:
    package = pytest.importorskip("safetensors")
    try:
        package.deserialize(content)
        sound = True
    except package.SafetensorError:
        sound = False
    assert (not problems(tmp_path, "m.safetensors", content)) is sound


def test_damaged_gguf_is_refused(tmp_path: Path) -> None:
    good = gguf({"general.name": "x"}, [("t", [2], 0)], bytes(8))
    for content in (b"", b"GGUX" + good[4:], good[:20], good[:60]):
        assert problems(tmp_path, "m.gguf", content)
