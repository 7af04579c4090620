"""What the conformance suite pushes: kinds of content, each with its blobs, manifests in order, and tags."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.gateways.oci.registry import EMPTY, INDEX, MANIFEST, descriptor, digest_of, encoded

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ABSENT = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"


@dataclass
class DataSet:
    """Manifests are (body, media type); the last one is tagged."""

    name: str
    algorithm: str = "sha256"
    blobs: list[bytes] = field(default_factory=list)
    manifests: list[tuple[bytes, str]] = field(default_factory=list)
    subjects: dict[str, int] = field(default_factory=dict)  # digest of a subject: index of what refers to it

    def blob(self, data: bytes, media_type: str, /, **more: Any) -> dict[str, Any]:
        self.blobs.append(data)
        return descriptor(data, media_type, self.algorithm, **more)

    def noise(self, size: int = 300) -> bytes:
        return random.Random(f"{self.name}{len(self.blobs)}").randbytes(size)

    def add(self, body: dict[str, Any], media_type: str) -> dict[str, Any]:
        data = encoded({"schemaVersion": 2, "mediaType": media_type, **body})
        self.manifests.append((data, media_type))
        if subject := body.get("subject"):
            self.subjects[subject["digest"]] = len(self.manifests) - 1
        return descriptor(data, media_type, self.algorithm)

    def image(self, layers: int = 2, /, **fields: Any) -> dict[str, Any]:
        config = self.blob(encoded({"architecture": "amd64", "os": "linux", "n": len(self.blobs)}), CONFIG)
        found = [self.blob(self.noise(), LAYER) for _ in range(layers)]
        return self.add({"config": config, "layers": found, **fields}, MANIFEST)

    def artifact(self, kind: str = "application/vnd.example.sbom", **fields: Any) -> dict[str, Any]:
        config, layer = self.blob(b"{}", EMPTY), self.blob(self.noise(), "text/spdx+json")
        return self.add({"artifactType": kind, "config": config, "layers": [layer], **fields}, MANIFEST)

    def index(self, *manifests: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return self.add({"manifests": list(manifests), **fields}, INDEX)

    def digest(self, number: int) -> str:
        return digest_of(self.manifests[number][0], self.algorithm)


def _image(data: DataSet) -> None:
    data.image()


def _no_layers(data: DataSet) -> None:
    data.image(0)


def _index(data: DataSet) -> None:
    platforms = [{"architecture": name, "os": "linux"} for name in ("amd64", "arm64")]
    data.index(*(data.image() | {"platform": platform} for platform in platforms))


def _nested_index(data: DataSet) -> None:
    data.index(data.index(data.image()), data.index(data.image(), data.image()))


def _artifact(data: DataSet) -> None:
    data.artifact(annotations={"org.example": "yes"})


def _artifact_without_type(data: DataSet) -> None:
    config = data.blob(b"config", "application/vnd.example.config.v1+json")
    data.add({"config": config, "layers": [data.blob(data.noise(), "text/plain")]}, MANIFEST)


def _artifact_index(data: DataSet) -> None:
    data.index(data.artifact(), data.artifact(), artifactType="application/vnd.example.list")


def _subject(data: DataSet) -> None:
    subject = data.image()
    data.artifact(subject=subject, annotations={"org.example": "attached"})


def _subject_image(data: DataSet) -> None:
    subject = data.image()
    data.image(subject=subject)


def _subject_missing(data: DataSet) -> None:
    data.artifact(subject=descriptor(b"was never pushed", MANIFEST, data.algorithm))


def _subject_index(data: DataSet) -> None:
    subject = data.index(data.image())
    data.index(data.image(), subject=subject, artifactType="application/vnd.example.list")


def _data_field(data: DataSet) -> None:
    config = data.blob(b"{}", EMPTY, data="e30=")
    layer = data.blob(b"hello", "text/plain", data="aGVsbG8=")
    data.add({"artifactType": "application/vnd.example", "config": config, "layers": [layer]}, MANIFEST)


def _custom_fields(data: DataSet) -> None:
    data.index(data.image(2, **{"org.example.extra": {"a": [1]}}), **{"org.example.extra": "kept"})


def _nondistributable(data: DataSet) -> None:
    config = data.blob(encoded({"os": "windows"}), CONFIG)
    layers = [descriptor(b"elsewhere", ABSENT), descriptor(b"there", LAYER, urls=["https://example.org/x"])]
    data.add({"config": config, "layers": [*layers, data.blob(data.noise(), LAYER)]}, MANIFEST)


def _empty_layer(data: DataSet) -> None:
    config = data.blob(b"{}", EMPTY)
    layer = data.blob(b"", "application/octet-stream")
    data.add({"artifactType": "application/vnd.example", "config": config, "layers": [layer]}, MANIFEST)


def _large(data: DataSet) -> None:
    annotations = {f"org.example.{n}": "x" * 1000 for n in range(4000)}
    data.image(annotations=annotations)
    assert 4_000_000 < len(data.manifests[0][0]) < 4 * 2**20


def _docker(data: DataSet) -> None:
    kind = "application/vnd.docker.distribution.manifest"
    config = data.blob(b'{"a": 1}', "application/vnd.docker.container.image.v1+json")
    layer = data.blob(data.noise(), "application/vnd.docker.image.rootfs.diff.tar.gzip")
    image = data.add({"config": config, "layers": [layer]}, f"{kind}.v2+json")
    data.add({"manifests": [image]}, f"{kind}.list.v2+json")


MAKERS: dict[str, Callable[[DataSet], None]] = {
    "image": _image,
    "no-layers": _no_layers,
    "index": _index,
    "nested-index": _nested_index,
    "artifact": _artifact,
    "artifact-without-type": _artifact_without_type,
    "artifact-index": _artifact_index,
    "subject": _subject,
    "subject-image": _subject_image,
    "subject-missing": _subject_missing,
    "subject-index": _subject_index,
    "data-field": _data_field,
    "custom-fields": _custom_fields,
    "nondistributable": _nondistributable,
    "empty-layer": _empty_layer,
    "large": _large,
    "docker": _docker,
}


def make(name: str, algorithm: str = "sha256") -> DataSet:
    data = DataSet(name, algorithm)
    MAKERS[name](data)
    return data
