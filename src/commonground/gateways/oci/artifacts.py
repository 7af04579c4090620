"""Which manifests are files of a model, and what files they hold."""

from collections.abc import Iterator

import msgspec

from commonground.errors import InvalidManifest
from commonground.gateways.oci.media_types import (
    CONTAINER_CONFIGS,
    FILE_PATH,
    FOLDER,
    IMAGE_MANIFEST,
    TITLE,
    UNPACK,
    model_archive,
)
from commonground.gateways.oci.wire import Descriptor, Manifest

COMPRESSIONS = frozenset({"", "+gzip"})


class LayerFile(msgspec.Struct, frozen=True):
    """A layer that is a file at ``path``, or, with ``compression``, an archive whose files belong below it."""

    path: str
    blob: Descriptor
    compression: str | None = None


def files_of(manifest: Manifest) -> list[LayerFile] | None:
    """The files of a model artifact; ``None`` for what is none: indexes, container images, signatures and other
    referrers, and artifacts whose layers have no names.

    :class:`InvalidManifest` for paths that lead out of the repository, for one path twice, and for archives in a
    compression that is not supported.
    """
    if manifest.media_type != IMAGE_MANIFEST or manifest.subject is not None or not manifest.layers:
        return None
    if manifest.artifact_type is None and manifest.config and manifest.config.media_type in CONTAINER_CONFIGS:
        return None
    found = [_file(layer) for layer in manifest.layers]
    files = [file for file in found if file is not None]
    if len(files) < len(found):
        return None
    _check(files)
    return files


def safe_path(text: str) -> str:
    """A path below the root, without ``.`` and double slashes; :class:`InvalidManifest` for others."""
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if text.startswith("/") or ".." in parts or not parts or "\\" in text or "\0" in text:
        raise InvalidManifest(reason=f"{text[:200]!r} is not a path below the root")
    return "/".join(parts)


def _file(layer: Descriptor) -> LayerFile | None:
    annotations = layer.annotations or {}
    name = annotations.get(FILE_PATH) or annotations.get(TITLE)
    compression = model_archive(layer.media_type)
    if compression is not None:
        return LayerFile("", layer, compression)
    if not name:
        return None
    path = safe_path(name)
    if annotations.get(UNPACK) == "true" or (layer.media_type == FOLDER and not path.endswith((".gz", ".tgz"))):
        return LayerFile(path.rpartition("/")[0], layer, "+gzip")
    return LayerFile(path, layer)


def _check(files: list[LayerFile]) -> None:
    plain = [file.path for file in files if file.compression is None]
    if len(plain) != len(set(plain)):
        raise InvalidManifest(reason=f"{next(_twice(plain))!r} is named twice")
    strange = next((file for file in files if file.compression not in {None, *COMPRESSIONS}), None)
    if strange is not None:
        raise InvalidManifest(
            reason=f"layers of type {strange.blob.media_type[:100]} cannot be unpacked here: use tar or tar+gzip"
        )


def _twice(paths: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            yield path
        seen.add(path)
