"""``hub://[models|datasets]/owner/name[@revision][/path]``: one text that names anything on a hub."""

import re
from typing import Self
from urllib.parse import quote, unquote

import msgspec

from commonground.accounts.model import KINDS_BY_SEGMENT, SEGMENTS, RepositoryKind
from commonground.errors import InvalidAddress

SCHEME = "hub://"
_OWNER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,96}\Z")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, a revision of it, or a path in it. A revision with a slash is written with ``%2F``."""

    kind: RepositoryKind = "model"
    owner: str
    name: str
    revision: str | None = None
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address in ``text``; ``hub://`` and ``models`` may be left out. :class:`InvalidAddress`."""
        parts = text.removeprefix(SCHEME).strip("/").split("/")
        kind: RepositoryKind = KINDS_BY_SEGMENT[parts.pop(0)] if parts[0] in KINDS_BY_SEGMENT else "model"
        if len(parts) < 2:
            raise InvalidAddress(address=text[:200], reason="the owner or the name of the repository is missing")
        owner, (name, _, revision), path = parts[0], parts[1].partition("@"), "/".join(parts[2:])
        if not _OWNER.match(owner) or not _NAME.match(name):
            raise InvalidAddress(address=text[:200], reason="no repository can have this name")
        if "@" in parts[1] and not revision:
            raise InvalidAddress(address=text[:200], reason="there is no revision behind the @")
        return cls(kind=kind, owner=owner, name=name, revision=unquote(revision) or None, path=path)

    @classmethod
    def of(cls, repository: "str | Address") -> "Address":
        """``repository`` as an address."""
        return repository if isinstance(repository, Address) else cls.parse(repository)

    @property
    def repository(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    def at(self, revision: str | None = None, path: str | None = None) -> "Address":
        """The same with another revision or path, where one is given."""
        return msgspec.structs.replace(
            self,
            revision=self.revision if revision is None else revision,
            path=self.path if path is None else path,
        )

    def __str__(self) -> str:
        revision = f"@{quote(self.revision, safe='')}" if self.revision else ""
        path = f"/{self.path}" if self.path else ""
        return f"{SCHEME}{SEGMENTS[self.kind]}/{self.repository}{revision}{path}"
