"""The manifest `ollama pull` reads: Docker's format (image manifest version 2, schema 2) with layers of its own types."""

import hashlib
from typing import Any, Literal

import msgspec

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"

Kind = Literal["model", "projector", "template", "system", "params", "license"]

_encode = msgspec.json.Encoder().encode


class Layer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A blob of a manifest; ``digest`` is ``sha256:`` and 64 hex digits, ``size`` in bytes."""

    media_type: str
    digest: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A manifest."""

    schema_version: int = 2
    media_type: str = MANIFEST
    config: Layer
    layers: list[Layer]


def layer(kind: Kind, sha256: str, size: int) -> Layer:
    """The layer of a file with this SHA-256 (hex)."""
    return Layer(media_type=f"application/vnd.ollama.image.{kind}", digest=f"sha256:{sha256}", size=size)


def write_config(layers: list[Layer], quantisation: str, family: str) -> bytes:
    """The config blob of these layers. It follows from them alone, so that two commits with one model share it."""
    config: dict[str, Any] = {
        "model_format": "gguf",
        "model_family": family,
        "model_families": [family] if family else [],
        "file_type": quantisation or "unknown",
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [item.digest for item in layers]},
    }
    return _encode(config)


def write_manifest(layers: list[Layer], config: bytes) -> bytes:
    """The manifest, as it is sent."""
    described = Layer(media_type=CONFIG, digest=f"sha256:{hashlib.sha256(config).hexdigest()}", size=len(config))
    return _encode(Manifest(config=described, layers=layers))
