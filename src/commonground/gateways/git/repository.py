"""A repository of the hub as one fetch or push uses it, from a thread."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

from commonground.accounts.model import Principal
from commonground.gateways.git.push import Command
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Ref, RefUpdate
from commonground.services import Services
from commonground.store.model import StoredFile


class GitRepository:
    """Objects, refs and content of ``repository`` on behalf of ``caller``. Close it, or use it as a context."""

    def __init__(self, services: Services, repository: Repository, caller: Principal, refs: Sequence[Ref]) -> None:
        self.objects = services.revisions.objects(repository, caller)
        self.refs = refs
        self.default_branch = repository.default_branch
        self._services, self._repository, self._caller = services, repository, caller
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, services: Services, repository: Repository, caller: Principal) -> Self:
        """The repository with its present refs."""
        return cls(services, repository, caller, await services.revisions.refs(repository))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.objects.close()

    def usable(self, sha256s: Sequence[bytes]) -> Mapping[bytes, StoredFile]:
        """The LFS content that the caller may put into the repository, by SHA-256."""
        values = (self._caller.uploader, self._repository.id, sha256s)
        return self._services.database.read_now(self._services.store.usable_among, *values)

    def update(self, commands: Sequence[Command], links: Sequence[tuple[StoredFile, str]]) -> None:
        """Move all refs and link the content, or raise and do nothing."""
        updates = [RefUpdate(name=each.name, old=each.old.hex(), new=each.new.hex()) for each in commands]
        moving = self._services.revisions.update_refs(self._repository, self._caller, updates, links)
        asyncio.run_coroutine_threadsafe(moving, self._loop).result()
