"""Versions of registered models, on either database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from commonground.compute.tracking.artifacts import Place
from commonground.compute.tracking.model import Version
from commonground.compute.tracking.registry_queries import Registration
from commonground.errors import InvalidRecord, RevisionNotFound
from commonground.hub.repositories.model import Repository
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


class Shelf:
    """A model of alice's, and versions of it."""

    def __init__(self, home: House, model: Repository) -> None:
        self.home, self.model, self.registry = home, model, home.services.tracking.registry

    async def add(self, **files: bytes) -> Version:
        named: dict[str, str | bytes] = {path.replace("__", "/"): content for path, content in files.items()}
        how = Registration(repository_id=self.model.id, commit="", source="here")
        return await self.registry.add_version(self.home.alice, self.model, named, how, {})

    async def files(self, version: Version) -> set[str]:
        return set(await self.home.files(self.model, version.commit))


@pytest.fixture
async def shelf(home: House) -> Shelf:
    model, _ = await home.repository("m")
    return Shelf(home, model)


async def test_versions_are_numbered_from_one_and_replace_each_other(shelf: Shelf) -> None:
    first = await shelf.add(a=b"1", deep__b=b"2")
    second = await shelf.add(a=b"3", c=b"4")
    assert (first.number, second.number) == (1, 2)
    assert await shelf.files(first) == {"a", "deep/b"}
    assert await shelf.files(second) == {"a", "c"}
    with pytest.raises(InvalidRecord):
        await shelf.add()
    for number in (0, 3, -1):
        with pytest.raises(RevisionNotFound):
            await shelf.registry.version(shelf.model, number)


async def test_versions_that_are_added_at_once_are_all_there(shelf: Shelf) -> None:
    made = await asyncio.gather(*(shelf.add(**{f"f{number}": b"x"}) for number in range(3)))
    assert sorted(version.number for version in made) == [1, 2, 3]


async def test_a_version_is_what_its_run_made(shelf: Shelf) -> None:
    home, tracking = shelf.home, shelf.home.services.tracking
    run = await tracking.runs.begin(home.alice, 0, "maker", None, {})
    kept = await tracking.artifacts.put(home.alice, Place("run", str(run.id)), "net/w", once(b"weights" * 50_000))
    how = Registration(repository_id=shelf.model.id, commit="", run_id=run.id)
    made = await shelf.registry.add_version(home.alice, shelf.model, {"w": kept.sha256.hex()}, how, {"k": "v"})
    assert (made.run_id, made.tags) == (run.id, {"k": "v"})
    assert (await home.files(shelf.model))["w"] == b"weights" * 50_000
    graph = await home.runs.lineage(home.alice, shelf.model, made.commit)
    assert [node.name for node in graph.nodes if node.id == f"run:{run.id}"] == ["maker"]  # type: ignore[union-attr]
    assert [one.commit for one in await shelf.registry.of_run(run.id, 10)] == [made.commit]


async def test_an_alias_moves_with_nobody_seeing_it_gone(shelf: Shelf) -> None:
    for content in (b"1", b"2"):
        await shelf.add(a=content)
    alice, registry = shelf.home.alice, shelf.registry
    for number in (1, 2, 2):
        await registry.set_alias(alice, shelf.model, "best", number)
    assert await registry.aliases(shelf.model) == {"best": 2}
    assert (await registry.at_alias(shelf.model, "best")).number == 2
    for _ in range(2):
        await registry.remove_alias(alice, shelf.model, "best")
    assert await registry.aliases(shelf.model) == {}


async def test_tags_of_the_model_and_of_versions_are_apart(shelf: Shelf) -> None:
    await shelf.add(a=b"1")
    registry, model = shelf.registry, shelf.model
    await registry.set_tags(model, {"k": "model"})
    await registry.set_tags(model, {"k": "version"}, 1)
    assert await registry.tags(model) == {"k": "model"}
    assert (await registry.version(model, 1)).tags == {"k": "version"}
    await registry.remove_tag(model, "k", 1)
    assert (await registry.version(model, 1)).tags == {}
    assert await registry.tags(model) == {"k": "model"}
