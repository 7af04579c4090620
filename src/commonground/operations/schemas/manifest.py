"""A manifest as a document: the files of one commit with their digests, version 1."""

from typing import Annotated

import msgspec
from msgspec import Meta

from commonground.accounts.model import RepositoryKind
from commonground.operations.manifest.model import ManifestFile

PATH = "/schemas/manifest/v1.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The files of ``commit`` of ``repository`` (``owner/name``)."""

    schema: Annotated[str, Meta(pattern=r"/schemas/manifest/v1\.json$(?!\n)")] = msgspec.field(name="$schema")
    kind: RepositoryKind
    repository: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}/[A-Za-z0-9._-]{1,96}$(?!\n)")]
    commit: Annotated[str, Meta(pattern=r"^[0-9a-f]{40}$(?!\n)")]
    files: list[ManifestFile]
