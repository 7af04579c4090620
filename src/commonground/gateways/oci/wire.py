"""Manifests and descriptors (image-spec 1.1)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from commonground.errors import InvalidDigest, InvalidManifest
from commonground.gateways.oci.media_types import ELSEWHERE, INDEXES, MANIFESTS
from commonground.gateways.oci.names import parse_digest

MANIFEST_LIMIT = 4 * 2**20
"""Largest manifest, in bytes: what the specification asks registries to take."""
TYPE_LIMIT = 255


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What points at a blob or a manifest."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None
    urls: list[str] | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An image manifest or an index. Fields that are not named here are kept in the bytes and otherwise ignored."""

    schema_version: int
    media_type: str = ""
    artifact_type: str | None = None
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None
    manifests: list[Descriptor] | None = None
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests."""
        return self.media_type in INDEXES

    @property
    def blobs(self) -> Iterator[Descriptor]:
        """What has to be there before the manifest is: not what its readers fetch elsewhere."""
        if self.config is not None:
            yield self.config
        for layer in self.layers or ():
            if not layer.urls and not ELSEWHERE.match(layer.media_type):
                yield layer

    @property
    def kind_of_artifact(self) -> str | None:
        """What lists of referrers show as ``artifactType``."""
        return self.artifact_type or (self.config.media_type if self.config and not self.is_index else None)


_decode = msgspec.json.Decoder(Manifest).decode


def parse_manifest(body: bytes, content_type: str) -> Manifest:
    """The manifest in a body that was sent as ``content_type``; :class:`InvalidManifest` says what is wrong."""
    try:
        manifest = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidManifest(reason=str(error)) from None
    sent = content_type.partition(";")[0].strip().removeprefix("application/json")  # which says nothing
    manifest = msgspec.structs.replace(manifest, media_type=manifest.media_type or sent)
    for broken, reason in _problems(manifest, sent):
        if broken:
            raise InvalidManifest(reason=reason)
    for descriptor in _descriptors(manifest):
        _check(descriptor)
    return manifest


def _problems(manifest: Manifest, sent: str) -> Iterator[tuple[Any, str]]:
    kind = manifest.media_type
    yield manifest.schema_version != 2, "schemaVersion is not 2"
    yield kind not in MANIFESTS | INDEXES, f"{kind[:100]!r} is not a media type of manifests"
    yield sent and sent != kind, f"it was sent as {sent[:100]!r} and says it is {kind[:100]!r}"
    yield not manifest.is_index and manifest.config is None, "an image manifest needs a config"
    yield not manifest.is_index and manifest.layers is None, "an image manifest needs layers"
    yield manifest.is_index and manifest.manifests is None, "an index needs manifests"
    yield len(manifest.kind_of_artifact or "") > TYPE_LIMIT, "artifactType is too long"


def _descriptors(manifest: Manifest) -> Iterator[Descriptor]:
    yield from filter(None, (manifest.config, manifest.subject))
    yield from manifest.layers or ()
    yield from manifest.manifests or ()


def _check(descriptor: Descriptor) -> None:
    try:
        parse_digest(descriptor.digest)
    except InvalidDigest as error:
        raise InvalidManifest(reason=str(error)) from None
    if descriptor.size < 0:
        raise InvalidManifest(reason=f"{descriptor.digest} has a negative size")
