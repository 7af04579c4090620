"""One file of a revision with its SHA-256: what a signature, a bill of materials and a check speak of."""

from typing import Annotated

import msgspec
from msgspec import Meta

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256 of the content, 64 hex digits.")]
FilePath = Annotated[str, Meta(min_length=1, max_length=4096, description="Path below the root, with slashes.")]
Size = Annotated[int, Meta(ge=0, le=2**63 - 1, description="Bytes.")]


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: ``sha256`` and ``size`` are those of the content a reader downloads."""

    path: FilePath
    size: Size
    sha256: Sha256
