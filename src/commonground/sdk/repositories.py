"""Repositories, their branches and tags, as methods of the hub."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from commonground.accounts.model import RepositoryKind, Visibility
from commonground.gateways.native import wire
from commonground.gateways.native.wire import Repository, RepositoryDetails
from commonground.sdk.address import Address
from commonground.sdk.transport import Transport, repository_path

REPOSITORIES = f"{wire.API}/repositories"
MANY = 1000


class RepositoryMethods:
    """Finding, making and changing repositories. ``repository`` is ``owner/name``, ``datasets/owner/name`` or an
    address; so is ``to``.
    """

    _transport: Transport

    def list_repositories(
        self,
        kind: RepositoryKind | None = None,
        *,
        text: str = "",
        owner: str = "",
        tags: Sequence[str] = (),
        pipeline_tag: str = "",
        library: str = "",
        license: str = "",  # noqa: A002 - the word of the API
        languages: Sequence[str] = (),
        gated: bool | None = None,
        min_parameters: int | None = None,
        max_parameters: int | None = None,
        sort: wire.Sort = "trendingScore",
        descending: bool = True,
        page: int = 100,
    ) -> Iterator[Repository]:
        """All repositories that fit, page after page of ``page`` items."""
        query = wire.RepositoryQuery(
            kind=kind,
            text=text,
            owner=owner,
            tag=tuple(tags),
            pipeline_tag=pipeline_tag,
            library=library,
            license=license,
            language=tuple(languages),
            gated=gated,
            min_parameters=min_parameters,
            max_parameters=max_parameters,
            sort=sort,
            descending=descending,
            limit=min(page, MANY),
        )
        return self._transport.pages(Repository, REPOSITORIES, query)

    def get_repository(self, repository: str | Address) -> RepositoryDetails:
        """What is known about a repository."""
        return self._transport.call(RepositoryDetails, "GET", repository_path(Address.of(repository)))

    def create_repository(
        self,
        repository: str | Address,
        *,
        visibility: Visibility | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> RepositoryDetails:
        """A new repository; without ``visibility`` the owner's default holds."""
        new = Address.of(repository)
        body = wire.CreateRepository(
            kind=new.kind, owner=new.owner, name=new.name, visibility=visibility, options=dict(options or {})
        )
        return self._transport.call(RepositoryDetails, "POST", REPOSITORIES, body=body)

    def create_link(self, repository: str | Address, *, seconds: int = 3600) -> wire.Link:
        """A token that reads the files of a repository in any address with ``?token=``, for clients that send no
        credentials. Whoever has it can use it until it expires.
        """
        path = f"{repository_path(Address.of(repository))}/links"
        return self._transport.call(wire.Link, "POST", path, body=wire.CreateLink(seconds=seconds))

    def update_repository(
        self,
        repository: str | Address,
        *,
        visibility: Visibility | None = None,
        gated: wire.Gated | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> RepositoryDetails:
        """Change what is given, keep the rest; an option that is ``None`` is removed."""
        body = wire.UpdateRepository(
            visibility=visibility, gated=gated, options=None if options is None else dict(options)
        )
        return self._transport.call(RepositoryDetails, "PATCH", repository_path(Address.of(repository)), body=body)

    def delete_repository(self, repository: str | Address) -> None:
        """Remove a repository and its history for ever."""
        self._transport.send("DELETE", repository_path(Address.of(repository)))

    def move_repository(self, repository: str | Address, to: str | Address) -> RepositoryDetails:
        """Give a repository another name or owner; the old id keeps leading to it."""
        new = Address.of(to)
        body = wire.MoveRepository(owner=new.owner, name=new.name)
        path = repository_path(Address.of(repository), "move")
        return self._transport.call(RepositoryDetails, "POST", path, body=body)

    def duplicate_repository(
        self, repository: str | Address, to: str | Address, *, visibility: Visibility | None = None
    ) -> RepositoryDetails:
        """A copy with all history; content is shared on the server, not copied."""
        new = Address.of(to)
        body = wire.DuplicateRepository(owner=new.owner, name=new.name, visibility=visibility)
        path = repository_path(Address.of(repository), "duplicate")
        return self._transport.call(RepositoryDetails, "POST", path, body=body)

    # --- branches and tags ------------------------------------------------------------------------------------------

    def list_refs(self, repository: str | Address) -> wire.Refs:
        """All branches, tags and other refs."""
        return self._transport.call(wire.Refs, "GET", repository_path(Address.of(repository), "refs"))

    def create_branch(
        self,
        repository: str | Address,
        branch: str,
        *,
        revision: str | None = None,
        empty: bool = False,
        overwrite: bool = False,
    ) -> None:
        """A new branch at ``revision`` (default: the address's, else the default branch), or an ``empty`` one."""
        address = Address.of(repository).at(revision)
        body = wire.CreateBranch(revision=address.revision, empty=empty, overwrite=overwrite)
        self._transport.send("POST", repository_path(address, "branches", branch), body=body)

    def delete_branch(self, repository: str | Address, branch: str) -> None:
        """Delete a branch that is not the default one."""
        self._transport.send("DELETE", repository_path(Address.of(repository), "branches", branch))

    def create_tag(
        self, repository: str | Address, tag: str, *, revision: str | None = None, message: str = ""
    ) -> None:
        """Mark ``revision`` (default: the address's, else the default branch); annotated with a ``message``."""
        address = Address.of(repository).at(revision)
        body = wire.CreateTag(revision=address.revision, message=message)
        self._transport.send("POST", repository_path(address, "tags", tag), body=body)

    def delete_tag(self, repository: str | Address, tag: str) -> None:
        """Delete a tag."""
        self._transport.send("DELETE", repository_path(Address.of(repository), "tags", tag))
