"""One server for the tests of archives; every test makes repositories of its own."""

import os
from collections.abc import Mapping

import pytest

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, AddPointer, CommitRequest, Operation
from commonground.services import Services
from tests.gateways.git.conftest import hub, repository
from tests.gateways.git.server import Hub, principal_of

__all__ = ["filled", "hub", "repository"]

WEIGHTS = os.urandom(1_500_000)
FILES = {"config.json": b"{}", "weights/model.safetensors": WEIGHTS, "weights/notes.txt": b"notes"}


def fill(hub: Hub, repository: Repository, files: Mapping[str, bytes]) -> None:
    """Commit files, those of a megabyte or more as LFS."""

    async def work(services: Services) -> None:
        ada = await principal_of(services, "ada")
        operations: list[Operation] = []
        for path, data in files.items():
            if len(data) < 2**20:
                operations.append(AddFile(path=path, content=data))
                continue
            stored = await services.store.put_bytes(ada.account_id or 0, data)
            operations.append(AddPointer(path=path, sha256=(stored.sha256 or b"").hex()))
        request = CommitRequest(title="Fill", operations=operations)
        await services.revisions.commit(repository, ada, "main", request)

    hub.run(work)


@pytest.fixture
def filled(hub: Hub, repository: Repository) -> Repository:
    """A public repository with :data:`FILES`."""
    fill(hub, repository, FILES)
    return repository
