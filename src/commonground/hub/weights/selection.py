"""Which of a repository's files stand for its weights, and what is kept of them. No I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from commonground.hub.weights.inspection import FORMATS
from commonground.hub.weights.model import Format, WeightsInfo

_SHARD = re.compile(r"(.*)-00001-of-(\d{5})(\.\w+)\Z")
_FIRST: dict[Format, tuple[str, ...]] = {
    "safetensors": ("model.safetensors", "adapter_model.safetensors", "diffusion_pytorch_model.safetensors"),
    "onnx": ("model.onnx", "onnx/model.onnx"),
    "gguf": (),
}
INDEX = "model.safetensors.index.json"
KEPT_TEXT = 16_384
_KEPT_KEYS = frozenset(
    {"format", "general.architecture", "general.name", "general.file_type", "general.quantization_version",
     "tokenizer.chat_template", "ir_version", "producer_name", "opset_import"}
)  # fmt: skip


def is_weight_file(path: str) -> bool:
    """Whether a change of this file may change what is kept."""
    return path.endswith((*FORMATS, ".safetensors.index.json"))


def select(paths: Sequence[str]) -> dict[Format, tuple[str, ...]]:
    """The files to read per format: one file, all shards of one, or the index :data:`INDEX` that names them.

    Other files of the format are taken for variants (precisions, languages) of the same weights.
    """
    present = set(paths)
    chosen: dict[Format, tuple[str, ...]] = {}
    for ending, format_ in FORMATS.items():
        names = sorted((path for path in paths if path.endswith(ending)), key=lambda path: (path.count("/"), path))
        if format_ == "safetensors" and INDEX in present:
            chosen[format_] = (INDEX,)
        elif names:
            first = next((name for name in _FIRST[format_] if name in present), names[0])
            chosen[format_] = _with_shards(first, present)
    return chosen


def _with_shards(first: str, present: set[str]) -> tuple[str, ...]:
    match = _SHARD.match(first)
    if match is None:
        return (first,)
    count = int(match[2])
    names = (f"{match[1]}-{i:05}-of-{match[2]}{match[3]}" for i in range(1, min(count, len(present)) + 1))
    return tuple(name for name in names if name in present)


def summary(found: Mapping[Format, WeightsInfo]) -> tuple[dict[str, Any], int | None]:
    """What is kept of a repository's weights (JSON values per format), and its number of parameters."""
    kept: dict[str, Any] = {format_: _kept(info) for format_, info in found.items()}
    order: tuple[Format, ...] = ("safetensors", "gguf", "onnx")
    totals = [found[format_].total for format_ in order if format_ in found and not found[format_].error]
    return kept, totals[0] if totals else None


def _kept(info: WeightsInfo) -> dict[str, Any]:
    if info.error:
        return {"error": info.error}
    metadata = {
        name: value
        for name, value in info.metadata.items()
        if (name in _KEPT_KEYS or name.endswith(".context_length"))
        and not (isinstance(value, str) and len(value) > KEPT_TEXT)
    }
    return {
        "total": info.total,
        "parameters": info.parameters,
        "tensor_count": info.tensor_count,
        "metadata": metadata,
    }
