"""The blobs of a manifest: each has to be among what the repository uses, for the client asks for it by its digest alone."""

import hashlib
from collections.abc import AsyncIterator

from sqlalchemy import Connection

from commonground.gateways.ollama.selection import Selected
from commonground.gateways.ollama.wire import Layer, layer, write_config, write_manifest
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.contents import use
from commonground.hub.revisions.model import Entry
from commonground.services import Services
from commonground.store.model import StoredFile

PLAIN_LIMIT = 64 * 2**20
"""Largest file outside the large file storage that becomes a layer, in bytes."""


class Layers:
    """Makes manifests."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def manifest(self, repository: Repository, commit: str, selected: Selected) -> bytes | None:
        """The manifest of a model of a commit, its blobs ready to be fetched; ``None`` where the weights cannot be.

        What the store has is used as it is. A small text that only git has, and the config, are taken into the store,
        in the name of the repository's owner.
        """
        found = await self._services.revisions.paths(repository, commit, [path for _, path in selected.layers])
        by_path = {entry.path: entry for entry in found if _fits(entry)}
        kinds = [(kind, by_path[path]) for kind, path in selected.layers if path in by_path]
        if not kinds or kinds[0][0] != "model":
            return None
        entries = [entry for _, entry in kinds]
        hashes = await self._services.revisions.sha256s(repository, entries)
        layers = [layer(kind, sha256, entry.size) for (kind, entry), sha256 in zip(kinds, hashes, strict=True)]
        config = write_config(layers, selected.quantisation, _family(repository))
        body = write_manifest(layers, config)
        await self._provide(repository, layers, entries, config)
        return body

    async def _provide(self, repository: Repository, layers: list[Layer], entries: list[Entry], config: bytes) -> None:
        """Link what is not linked yet."""
        store, revisions = self._services.store, self._services.revisions
        contents = {bytes.fromhex(item.digest[7:]): entry for item, entry in zip(layers, entries, strict=True)}
        made = hashlib.sha256(config).digest()
        linked = await self._services.database.lookup(store.linked, repository.id, [*contents, made])
        files = []
        for sha256 in (contents.keys() | {made}) - linked.keys():
            parts = _one(config) if sha256 == made else revisions.stream(repository, contents[sha256])
            files.append(await store.ingest(repository.owner_id, parts, sha256=sha256))
        if files:
            await self._services.database.write(self._link, repository, files)

    def _link(self, connection: Connection, repository: Repository, files: list[StoredFile]) -> None:
        """Use files for now: a later gc of the repository ends what no commit needs, the next pull brings it back."""
        use(connection, self._services.store, repository.id, repository.owner_id, ((file, "") for file in files))


def _fits(entry: Entry) -> bool:
    if entry.type != "file":
        return False
    return entry.xet_hash is not None if entry.lfs is not None else entry.size <= PLAIN_LIMIT


def _family(repository: Repository) -> str:
    """The architecture that the headers of the weights name, where it is known."""
    gguf = repository.weights.get("gguf")
    metadata = gguf.get("metadata") if isinstance(gguf, dict) else None
    family = metadata.get("general.architecture") if isinstance(metadata, dict) else None
    return family if isinstance(family, str) else ""


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
