"""Where files are, and which commit a version is."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from commonground.accounts.model import Principal
from commonground.errors import NotSupported, RevisionNotFound
from commonground.gateways.kaggle.handles import Variation
from commonground.gateways.kaggle.places import Place, Places
from commonground.hub import versions as module
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CommitRequest
from commonground.services import Services
from commonground.settings import Settings

TINY, DEFAULT = Variation("keras", "tiny"), Variation("keras", "default")


class House:
    """Services with one user and one repository."""

    def __init__(self, services: Services, ada: Principal, repository: Repository) -> None:
        self.services, self.ada, self.repository = services, ada, repository
        self.places = Places(services.revisions)

    async def commit(self, path: str, branch: str = "main") -> str:
        request = CommitRequest(title="x", operations=[AddFile(path=path, content=path.encode())])
        return (await self.services.revisions.commit(self.repository, self.ada, branch, request)).sha


def in_a_house(test: Callable[[House], Awaitable[None]]) -> Callable[[Path], None]:
    """Run a test with a house of its own."""

    def run(tmp_path: Path) -> None:
        async def inside() -> None:
            async with await Services.open(Settings(data=tmp_path)) as services:
                account = await services.accounts.create_user("ada")
                ada = Principal(account_id=account.id, name="ada", via="internal")
                made = await services.repositories.create(ada, "model", "ada", "m")
                await test(House(services, ada, made))

        anyio.run(inside)

    run.__name__ = test.__name__
    return run


@in_a_house
async def test_a_first_commit_without_files_is_no_version(house: House) -> None:
    assert await house.places.versions(house.repository, Place("main")) == ()
    first = await house.commit("a.txt")
    second = await house.commit("README.md")
    assert await house.places.versions(house.repository, Place("main")) == (first, second)
    assert await house.places.commit(house.repository, DEFAULT, None) == (Place("main"), 2, second)
    assert await house.places.commit(house.repository, DEFAULT, 1) == (Place("main"), 1, first)


@in_a_house
async def test_a_first_commit_with_files_is_one(house: House) -> None:
    await house.commit("a.txt")
    squashed = await house.services.revisions.super_squash(house.repository, house.ada, "main")
    assert await house.places.versions(house.repository, Place("main")) == (squashed.sha,)


@in_a_house
async def test_a_branch_goes_before_a_folder_before_everything(house: House) -> None:
    assert await house.places.find(house.repository, TINY) is None
    assert await house.places.find(house.repository, DEFAULT) == Place("main")
    await house.commit("keras/tiny/a.txt")
    await house.commit("keras/default/a.txt")
    assert await house.places.find(house.repository, TINY) == Place("main", "keras/tiny")
    assert await house.places.find(house.repository, DEFAULT) == Place("main", "keras/default")
    await house.services.revisions.create_branch(house.repository, house.ada, "keras/tiny")
    assert await house.places.find(house.repository, TINY) == Place("keras/tiny")
    assert await house.places.find(house.repository, None) == Place("main")


@in_a_house
async def test_versions_that_are_not_there(house: House) -> None:
    await house.commit("a.txt")
    for variation, number in ((DEFAULT, 0), (DEFAULT, 2), (DEFAULT, 2**53), (TINY, None), (TINY, 1)):
        with pytest.raises(RevisionNotFound):
            await house.places.commit(house.repository, variation, number)


@in_a_house
async def test_numbers_stay_when_commits_are_added(house: House) -> None:
    commits = [await house.commit(f"{number}.txt") for number in range(5)]
    before = await house.places.versions(house.repository, Place("main"))
    await house.commit("more.txt")
    after = await house.places.versions(house.repository, Place("main"))
    assert after[:5] == before == tuple(commits)


@in_a_house
async def test_a_history_too_long_to_number(house: House) -> None:
    for number in range(3):
        await house.commit(f"{number}.txt")
    limit, page = module.HISTORY_LIMIT, module.PAGE
    module.HISTORY_LIMIT, module.PAGE = 1, 2
    try:
        with pytest.raises(NotSupported):
            await house.places.versions(house.repository, Place("main"))
    finally:
        module.HISTORY_LIMIT, module.PAGE = limit, page
