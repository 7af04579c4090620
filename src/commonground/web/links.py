"""Addresses of pages, files and API calls of a repository."""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import quote, urlencode

import msgspec

from commonground.accounts.model import RepositoryKind

PREFIXES: dict[RepositoryKind, str] = {"model": "", "dataset": "/datasets", "space": "/spaces", "kernel": "/kernels"}
KIND_OF_PREFIX: dict[str, RepositoryKind] = {
    "": "model",
    "datasets": "dataset",
    "spaces": "space",
    "kernels": "kernel",
}
LISTS: dict[RepositoryKind, str] = {
    "model": "/models",
    "dataset": "/datasets",
    "space": "/spaces",
    "kernel": "/kernels",
}


class Named(Protocol):
    """What has a kind and an id."""

    @property
    def kind(self) -> RepositoryKind:
        """model, dataset, space or kernel."""
        ...

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        ...


class Name(msgspec.Struct, frozen=True):
    """A repository of which no more is known than its kind and its id."""

    kind: RepositoryKind
    full_name: str


def repository_url(repository: Named, view: str = "") -> str:
    """The address of a repository's page, or of one of its views: ``settings``, ``refs``."""
    tail = f"/{view}" if view else ""
    return f"{PREFIXES[repository.kind]}/{repository.full_name}{tail}"


def revision_url(repository: Named, view: str, revision: str, path: str = "") -> str:
    """The address of a view (tree, blob, commits, resolve, raw, commit) of a revision, and of a path in it."""
    tail = f"/{quote(path, safe='/')}" if path else ""
    return f"{repository_url(repository, view)}/{quote(revision, safe='')}{tail}"


def with_query(path: str, query: Iterable[tuple[str, str]]) -> str:
    """``path`` with a query string of the pairs whose value is not empty."""
    pairs = [(name, value) for name, value in query if value]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def local_path(address: str) -> str:
    """``address`` if it is a path of this site, else ``/``: where to go after signing in."""
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else "/"
