"""The files a new repository starts with."""

from collections.abc import Mapping
from typing import Any

import yaml

from commonground.accounts.model import RepositoryKind

_BINARY = (
    "7z arrow avro bin bz2 ckpt ftz gguf gz h5 joblib lz4 mlmodel model msgpack npy npz onnx ot parquet pb pickle pkl "
    "pt pth rar safetensors tar tflite tgz wasm xz zip zst"
)
_MEDIA = "aac aiff flac jpeg jpg m4a mkv mov mp3 mp4 ogg opus pcm png wav webm webp"
_SPECIAL = ("saved_model/**/*", "*.tar.*", "*tfevents*")


def initial_files(kind: RepositoryKind, name: str, options: Mapping[str, Any]) -> dict[str, bytes]:
    """Path and content of every file of the first commit."""
    files = {".gitattributes": _git_attributes(kind)}
    if kind == "space":
        files["README.md"] = _space_card(name, options)
    return files


def _git_attributes(kind: RepositoryKind) -> bytes:
    endings = _BINARY.split() + (_MEDIA.split() if kind == "dataset" else [])
    patterns = [*(f"*.{ending}" for ending in endings), *_SPECIAL]
    return "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in patterns).encode()


def _space_card(name: str, options: Mapping[str, Any]) -> bytes:
    head = {"title": name, "sdk": options.get("sdk", "static"), "pinned": False}
    if head["sdk"] != "docker":
        head["app_file"] = "index.html" if head["sdk"] == "static" else "app.py"
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n".encode()
