"""The types of the Git LFS batch API, and of the multipart transfer of the Hugging Face client."""

import re
from typing import Any, Literal

import msgspec

from commonground.errors import BadRequest

MEDIA_TYPE = "application/vnd.git-lfs+json"
OBJECT_LIMIT = 1000
"""Most objects in one batch."""

_OID = re.compile(r"[0-9a-f]{64}")

Transfer = Literal["basic", "multipart"]


class ObjectRequest(msgspec.Struct):
    """One object of a batch: SHA-256 and size in bytes. Checked one by one, so that a bad one fails alone."""

    oid: str
    size: int = 0

    @property
    def problem(self) -> str | None:
        """What is wrong with it, if anything."""
        if not _OID.fullmatch(self.oid):
            return "the oid is not a SHA-256"
        return "the size is impossible" if not 0 <= self.size < 2**50 else None


class BatchRequest(msgspec.Struct):
    """Body of ``objects/batch``."""

    operation: Literal["upload", "download"]
    objects: list[ObjectRequest]
    transfers: tuple[str, ...] = ("basic",)
    hash_algo: str = "sha256"
    ref: dict[str, Any] | None = None


class Action(msgspec.Struct, omit_defaults=True):
    """Where to send or fetch an object."""

    href: str
    header: dict[str, str] = {}
    expires_in: int = 0


class ObjectError(msgspec.Struct):
    """Why one object cannot be transferred."""

    code: int
    message: str


class ObjectAnswer(msgspec.Struct, omit_defaults=True):
    """One object of the answer. Without actions and error the server has it already."""

    oid: str
    size: int
    authenticated: bool = False
    actions: dict[str, Action] | None = None
    error: ObjectError | None = None


class BatchAnswer(msgspec.Struct):
    """Answer of ``objects/batch``."""

    transfer: Transfer
    objects: list[ObjectAnswer]
    hash_algo: str = "sha256"


class CompletedPart(msgspec.Struct, rename="camel"):
    """One part of a finished multipart upload."""

    part_number: int
    etag: str


class Completion(msgspec.Struct):
    """Body of the request that ends a multipart upload."""

    oid: str
    parts: list[CompletedPart]


SHA256_NAMES = ("sha256", "sha_256")  # the second is what @huggingface/hub says


def check_batch(batch: BatchRequest) -> None:
    """Return if the batch as a whole is acceptable; else :class:`BadRequest`."""
    if batch.hash_algo not in SHA256_NAMES:
        raise BadRequest(reason=f"the hash algorithm {batch.hash_algo[:40]} is not known, only sha256")
    if len(batch.objects) > OBJECT_LIMIT:
        raise BadRequest(reason=f"more than {OBJECT_LIMIT} objects in one batch")
    if "basic" not in batch.transfers and "multipart" not in batch.transfers:
        raise BadRequest(reason="the transfers basic and multipart are offered, the client knows neither")
