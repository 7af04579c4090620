"""The grammar of names, tags and digests (distribution-spec 1.1), and what they name here."""

import hashlib
import re
from typing import Literal

import msgspec

from commonground.accounts.model import KINDS_BY_SEGMENT, SEGMENTS, RepositoryKind
from commonground.errors import InvalidDigest, InvalidRegistryName
from commonground.hub.repositories.model import Repository

Algorithm = Literal["sha256", "sha512"]

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
REFUSED = frozenset({"models", "health", "repository"})
"""First segments that belong to the Open Inference protocol."""

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_SEGMENT = re.compile(_PART)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class Digest(msgspec.Struct, frozen=True):
    """``algorithm:hex``."""

    algorithm: Algorithm
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @property
    def raw(self) -> bytes:
        """The hash itself."""
        return bytes.fromhex(self.hex)


class RegistryName(msgspec.Struct, frozen=True):
    """The repository a name stands for."""

    kind: RepositoryKind
    owner: str
    name: str


def parse_digest(text: str) -> Digest:
    """A digest; :class:`InvalidDigest`."""
    if not _DIGEST.fullmatch(text):
        raise InvalidDigest(digest=text[:150])
    algorithm, _, value = text.partition(":")
    return Digest("sha512" if algorithm == "sha512" else "sha256", value)


def digest_of(data: bytes, algorithm: Algorithm = "sha256") -> Digest:
    """The digest of bytes."""
    return Digest(algorithm, hashlib.new(algorithm, data).hexdigest())


def is_digest(reference: str) -> bool:
    """Whether a reference is meant as a digest: no tag has a colon."""
    return ":" in reference


def check_name(kind: str | None, owner: str, name: str) -> RegistryName:
    """What ``[kind/]owner/name`` stands for; :class:`InvalidRegistryName` says why it cannot be a repository."""
    full = "/".join(filter(None, (kind, owner, name)))
    if not all(_SEGMENT.fullmatch(part) for part in (owner, name)):
        lower = " (the name is looked up without regard to case)" if full != full.lower() else ""
        raise InvalidRegistryName(name=full[:200], reason=f"it does not match the OCI grammar {_PART}{lower}")
    if kind is None and owner in REFUSED:
        raise InvalidRegistryName(name=full[:200], reason=f"names do not begin with {owner}/")
    return RegistryName(KINDS_BY_SEGMENT[kind or "models"], owner, name)


def parse_name(text: str) -> RegistryName:
    """The same of a whole name, as in ``?from=``."""
    parts = text.split("/")
    if len(parts) == 3 and parts[0] in set(KINDS_BY_SEGMENT) - {"models"}:
        return check_name(*parts)
    if len(parts) != 2:
        raise InvalidRegistryName(name=text[:200], reason="repositories are owner/name, or datasets/owner/name")
    return check_name(None, *parts)


def name_of(repository: Repository) -> str | None:
    """The name of a repository in this protocol; ``None`` where its grammar has none."""
    if not all(_SEGMENT.fullmatch(part.lower()) for part in (repository.owner, repository.name)):
        return None
    prefix = "" if repository.kind == "model" else f"{SEGMENTS[repository.kind]}/"
    return f"{prefix}{repository.full_name.lower()}"


def tag_of(ref: str) -> str | None:
    """The tag of a branch or tag: ``/`` is ``--``; ``None`` where the grammar has none, or none that leads back."""
    tag = ref.replace("/", "--")
    return tag if TAG.fullmatch(tag) and ref in refs_of(tag) else None


def refs_of(tag: str) -> tuple[str, ...]:
    """The branches and tags a tag may stand for, the preferred one first."""
    return (tag, tag.replace("--", "/")) if "--" in tag else (tag,)
