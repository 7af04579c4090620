"""``hub://kind/owner/name[@revision][/path]``: how resources are named, percent-encoded as URIs are."""

from typing import Self
from urllib.parse import quote, unquote_to_bytes

import msgspec

from commonground.accounts.model import KINDS_BY_SEGMENT, SEGMENTS, RepositoryKind
from commonground.errors import BadRequest
from commonground.hub.repositories.model import Repository

SCHEME = "hub://"
URI_LIMIT = 8192


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, or one of its files. Without a path it means the card."""

    kind: RepositoryKind
    owner: str
    name: str
    revision: str | None = None
    path: str = ""

    @classmethod
    def parse(cls, uri: str) -> Self:
        """The address in a URI; :class:`BadRequest` says what is wrong with it."""
        if not uri.startswith(SCHEME) or len(uri) > URI_LIMIT:
            raise BadRequest(reason="the URI of a resource is hub://models/owner/name, with @revision and /path behind")
        kind, *parts = uri.removeprefix(SCHEME).split("/")
        if kind not in KINDS_BY_SEGMENT or len(parts) < 2 or not all(parts):
            raise BadRequest(reason=f"hub:// is followed by one of {', '.join(KINDS_BY_SEGMENT)}, an owner and a name")
        name, at, revision = parts[1].partition("@")
        if at and not revision:
            raise BadRequest(reason="there is no revision behind the @")
        return cls(
            kind=KINDS_BY_SEGMENT[kind],
            owner=_decoded(parts[0]),
            name=_decoded(name),
            revision=_decoded(revision) or None,
            path="/".join(map(_decoded, parts[2:])),
        )


def uri_of(repository: Repository, revision: str | None = None, path: str = "") -> str:
    """The URI of a repository's card, or of a file."""
    at = f"@{quote(revision, safe='')}" if revision else ""
    below = f"/{quote(path)}" if path else ""
    return f"{SCHEME}{SEGMENTS[repository.kind]}/{repository.full_name}{at}{below}"


def _decoded(part: str) -> str:
    try:
        text = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise BadRequest(reason="the URI is not UTF-8") from None
    if "\0" in text:
        raise BadRequest(reason="the URI holds a NUL")
    return text
