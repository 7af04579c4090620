"""The nouns of the sample catalogue. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from commonground.accounts.model import RepositoryKind, Visibility


class Group(StrEnum):
    """Which word of `SAMPLES=` loads a sample.

    `default` is loaded by a plain `make up`; `opt-in` when it is named, or with `all`;
    `all` holds what may not be redistributed and is loaded by its name or by the word `all`.
    """

    DEFAULT = "default"
    OPT_IN = "opt-in"
    ALL = "all"


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which files of a package go where in the repository.

    `source` is a path inside the package; `*` matches any characters, `/` too. Without a wildcard `target` is the
    path in the repository. With one, what follows the last `/` before the first wildcard is kept and put below
    `target`. With `transform` (a name in `transforms.TRANSFORMS`) all matching files become the one file `target`.
    """

    source: str
    target: str = ""
    exclude: tuple[str, ...] = ()
    transform: str | None = None


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wheel of the package registry, pinned.

    `size` is in bytes, `license` is the package's own statement about itself. `platform` and `python` name the wheel
    to take where a release has one per platform: only data is read from it, so it need not suit this machine.
    """

    name: str
    version: str
    filename: str
    sha256: str
    size: int
    license: str
    members: tuple[Member, ...]
    platform: str | None = None
    python: str | None = None

    @property
    def requirement(self) -> str:
        """The exact requirement, as the package client takes it."""
        return f"{self.name}=={self.version}"


class CardMetadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The front matter of a sample's card; field names are those of the model and data set card conventions."""

    license: str
    license_name: str | None = None
    license_link: str | None = None
    language: tuple[str, ...] = ()
    pretty_name: str | None = None
    pipeline_tag: str | None = None
    task_categories: tuple[str, ...] = ()
    library_name: str | None = None
    base_model: str | None = None
    base_model_relation: str | None = None
    datasets: tuple[str, ...] = ()
    size_categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    configs: tuple[dict[str, Any], ...] = ()


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One catalogue entry: a repository and the packages its files come from. `body` is the card without its head."""

    name: str
    repository: str
    kind: RepositoryKind
    title: str
    card: CardMetadata
    packages: tuple[Package, ...]
    group: Group = Group.DEFAULT
    visibility: Visibility = "public"
    body: str = ""

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(package.size for package in self.packages)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A package that is in the cache and has the pinned digest."""

    package: Package
    path: Path
    downloaded: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that is left out, and why, in one line a person can read."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"skipped {self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file of the repository to be: its path there, and its bytes or where they lie on this machine."""

    path: str
    source: Path | bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size


@dataclass(frozen=True)
class PreparedSample:
    """A repository ready to be published, `README.md` included.

    The files behind `files` are temporary: they are removed when this object is garbage collected.
    """

    name: str
    repository: str
    kind: RepositoryKind
    visibility: Visibility
    title: str
    files: tuple[PreparedFile, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one sample is. `done` and `total` are bytes of the package being downloaded or unpacked."""

    sample: str
    package: str
    stage: str
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]
