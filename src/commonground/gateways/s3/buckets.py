"""What buckets are called: ``owner.name``, ``datasets.owner.name``, and ``--revision`` behind either."""

import re

import msgspec

from commonground.accounts.model import KINDS_BY_SEGMENT, SEGMENTS, RepositoryKind
from commonground.gateways.s3.errors import refused
from commonground.hub.repositories.model import Repository

LONGEST = 255
_NAME = re.compile(r"[A-Za-z0-9._-]+")
REVISION = "--"
"""Divides name and revision, and stands for the slashes inside a revision: no repository's name holds it."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket's name, taken apart. ``revision`` is empty for the default branch."""

    kind: RepositoryKind
    owner: str
    name: str
    revision: str = ""


def parse_bucket(text: str) -> Bucket:
    """The parts of a bucket's name; ``InvalidBucketName`` for what cannot be one."""
    first, _, rest = text.partition(".")
    kind: RepositoryKind = "model"
    if first.lower() in KINDS_BY_SEGMENT and "." in rest:
        kind, text = KINDS_BY_SEGMENT[first.lower()], rest
    owner, dot, name = text.partition(".")
    name, _, revision = name.partition(REVISION)
    if not dot or len(text) > LONGEST or not _NAME.fullmatch(owner) or not _NAME.fullmatch(name):
        raise refused("InvalidBucketName", "a bucket is owner.name, or datasets.owner.name")
    return Bucket(kind=kind, owner=owner, name=name, revision=revision.replace(REVISION, "/"))


def bucket_name(repository: Repository) -> str:
    """The bucket of a repository, in lower case as S3 wants it."""
    prefix = "" if repository.kind == "model" else f"{SEGMENTS[repository.kind]}."
    return f"{prefix}{repository.owner}.{repository.name}".lower()
