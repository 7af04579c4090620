"""A commit as a ModelPack artifact: one unarchived layer a file, so that no blob is copied.

The manifest follows from the commit alone, down to the byte: its digest is a name of that revision. It is kept once it
has been handed out, so that the digest holds whatever later releases compute.
"""

from datetime import UTC, datetime

import msgspec

from commonground.database.clock import now_ms
from commonground.errors import ManifestNotFound
from commonground.gateways.oci import queries
from commonground.gateways.oci.media_types import (
    CREATED,
    FILE_PATH,
    IMAGE_MANIFEST,
    MODEL_CONFIG,
    MODEL_MANIFEST,
    REVISION,
    TITLE,
    layer_type,
)
from commonground.gateways.oci.names import digest_of
from commonground.gateways.oci.queries import StoredManifest
from commonground.gateways.oci.wire import MANIFEST_LIMIT, Descriptor, Manifest
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Commit, Entry
from commonground.services import Services

FILE_LIMIT = 10_000
"""Most files of a commit that a manifest of 4 MiB can name."""
_LINK_MODE = 0o120000

_encode = msgspec.json.Encoder().encode


class Projection:
    """Computes manifests, once for every commit."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def of(self, repository: Repository, commit: str) -> StoredManifest:
        """The manifest of a commit (40 hex digits); :class:`ManifestNotFound` for one with too many files."""
        database, raw = self._services.database, bytes.fromhex(commit)
        known = await database.lookup(queries.projected, repository.id, raw)
        if known is not None:
            return known
        entries = await self._files(repository, commit)
        digests = await self._services.revisions.sha256s(repository, entries)
        info = await self._services.revisions.commit_info(repository, commit)
        made = project(repository, info, list(zip(entries, digests, strict=True)))
        plain = [(bytes.fromhex(name), e.path) for e, name in zip(entries, digests, strict=True) if e.lfs is None]
        assert made.config is not None
        blobs = [(digest_of(made.config).raw, ""), *plain]
        await database.write(queries.add_projected, repository.id, made, blobs, now_ms())
        return made

    async def _files(self, repository: Repository, commit: str) -> list[Entry]:
        found: list[Entry] = []
        cursor: str | None = None
        while True:
            page = await self._services.revisions.tree(repository, commit, recursive=True, cursor=cursor)
            found += [entry for entry in page.items if entry.type == "file" and entry.mode != _LINK_MODE]
            if len(found) > FILE_LIMIT:
                raise ManifestNotFound(reference=commit, reason=f"it has more than {FILE_LIMIT} files")
            if page.cursor is None:
                return found
            cursor = page.cursor


def project(repository: Repository, commit: Commit, files: list[tuple[Entry, str]]) -> StoredManifest:
    """The manifest of a commit with these files, each with its SHA-256 in hex; :class:`ManifestNotFound` above 4 MiB."""
    created = datetime.fromtimestamp(commit.date // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = _encode(
        {
            "descriptor": {"createdAt": created, "revision": commit.sha},
            "config": {},
            "modelfs": {"type": "layers", "diffIds": [f"sha256:{name}" for _, name in files]},
        }
    )
    manifest = Manifest(
        schema_version=2,
        media_type=IMAGE_MANIFEST,
        artifact_type=MODEL_MANIFEST,
        config=Descriptor(media_type=MODEL_CONFIG, digest=str(digest_of(config)), size=len(config)),
        layers=[_layer(repository, entry, name) for entry, name in files],
        annotations={CREATED: created, REVISION: commit.sha},
    )
    body = _encode(manifest)
    if len(body) > MANIFEST_LIMIT:
        raise ManifestNotFound(reference=commit.sha, reason=f"its files need more than {MANIFEST_LIMIT} bytes to name")
    return StoredManifest(
        digest=str(digest_of(body)),
        media_type=IMAGE_MANIFEST,
        artifact_type=MODEL_MANIFEST,
        subject=None,
        body=body,
        commit=bytes.fromhex(commit.sha),
        projected=True,
        config=config,
    )


def paths_of(body: bytes, digest: str) -> list[str]:
    """The paths under which a computed manifest names a blob; the empty one for its config."""
    manifest = msgspec.json.decode(body, type=Manifest)
    layers = [layer for layer in manifest.layers or () if layer.digest == digest]
    config = [""] if manifest.config and manifest.config.digest == digest else []
    return config + [(layer.annotations or {})[FILE_PATH] for layer in layers]


def _layer(repository: Repository, entry: Entry, sha256: str) -> Descriptor:
    return Descriptor(
        media_type=layer_type(repository.kind, entry.path),
        digest=f"sha256:{sha256}",
        size=entry.size,
        annotations={FILE_PATH: entry.path, TITLE: entry.path},
    )
