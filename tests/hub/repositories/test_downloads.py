"""Which requests are downloads, and what becomes of the counts."""

import pytest
from sqlalchemy import select

from commonground.accounts.model import ANONYMOUS
from commonground.database.schema.hub import download_day
from commonground.errors import DatabaseUnavailable
from commonground.hub.repositories.download_rules import REMEMBERED, Recent, counts
from commonground.hub.repositories.model import Repository
from tests.hub.repositories.world import World

pytestmark = pytest.mark.anyio
MINUTE, DAY = 60_000, 86_400_000


@pytest.mark.parametrize(
    ("kind", "library", "path", "expected"),
    [
        ("model", None, "config.json", True),
        ("model", None, "sub/config.json", False),
        ("model", None, "model.safetensors", False),
        ("model", None, "README.md", False),
        ("model", None, "q4/model.gguf", True),
        ("model", "diffusers", "model_index.json", True),
        ("model", "diffusers", "unet/config.json", False),
        ("model", "diffusers", "sd.safetensors", True),
        ("model", "diffusers", "unet/x.safetensors", False),
        ("model", "peft", "adapter_config.json", True),
        ("model", "peft", "config.json", False),
        ("model", "spacy", "meta.json", True),
        ("model", "unknown", "config.json", True),
        ("dataset", None, "data/train.parquet", True),
        ("dataset", None, "README.md", False),
        ("model", None, None, True),
    ],
)
def test_query_files(kind: str, library: str | None, path: str | None, expected: bool) -> None:
    assert counts(kind, library, path) is expected


def test_a_caller_is_remembered_for_five_minutes() -> None:
    recent = Recent()
    assert recent.is_new(1, "a", 0)
    assert not recent.is_new(1, "a", 4 * MINUTE)
    assert recent.is_new(1, "b", 4 * MINUTE)
    assert recent.is_new(2, "a", 4 * MINUTE)
    assert recent.is_new(1, "a", 5 * MINUTE)


def test_the_memory_of_callers_is_bounded() -> None:
    recent = Recent()
    for i in range(REMEMBERED + 10):
        recent.is_new(1, str(i), 0)
    assert recent.is_new(1, "0", 1)
    assert not recent.is_new(1, str(REMEMBERED), 1)


async def reread(world: World, made: Repository) -> Repository:
    return await world.repositories.open(ANONYMOUS, made.kind, made.owner, made.name)


async def make(world: World, name: str = "m") -> Repository:
    return await world.repositories.create(world.caller("Alice"), "model", "Alice", name)


async def test_head_then_get_of_several_clients(world: World) -> None:
    made = await make(world)
    for caller in ("alice", "alice", "10.0.0.1"):
        await world.repositories.count_download(made, "config.json", caller)
        await world.repositories.count_download(made, "model.safetensors", caller)
    assert await world.repositories.flush_downloads() == 2
    assert await world.repositories.flush_downloads() == 0
    found = await reread(world, made)
    assert (found.downloads, found.downloads_all_time) == (2, 2)


async def test_counts_of_a_deleted_repository_are_dropped(world: World) -> None:
    gone, kept = await make(world, "gone"), await make(world, "kept")
    for made in (gone, kept):
        await world.repositories.count_download(made, None, "a")
    await world.repositories.delete(world.caller("Alice"), gone)
    await world.repositories.flush_downloads()
    assert (await reread(world, kept)).downloads == 1


async def test_what_could_not_be_written_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await make(world)
    await world.repositories.count_download(made, None, "a")

    async def fail(*_: object) -> None:
        raise DatabaseUnavailable(reason="test")

    with monkeypatch.context() as patch:
        patch.setattr(world.database, "write", fail)
        with pytest.raises(DatabaseUnavailable):
            await world.repositories.flush_downloads()
    assert await world.repositories.flush_downloads() == 1


async def test_the_sum_covers_thirty_days(world: World) -> None:
    made, downloads = await make(world), world.repositories.downloads
    for _ in range(40):
        downloads.count(made, None, "a")
        await downloads.flush()
        world.now += DAY
    world.now -= DAY
    await downloads.refresh()
    found = await reread(world, made)
    assert (found.downloads, found.downloads_all_time) == (30, 40)
    assert await downloads.history(made, days=3) == [1, 1, 1]
    assert len(world.database.read_now(lambda c: c.execute(select(download_day)).all())) == 40


async def test_recent_downloads_and_young_likes_trend(world: World) -> None:
    old, fresh, liked = await make(world, "old"), await make(world, "fresh"), await make(world, "liked")
    world.set(liked.id, likes=2)
    downloads = world.repositories.downloads
    downloads.count(old, None, "a")
    await downloads.flush()
    world.now += 3 * DAY
    downloads.count(fresh, None, "a")
    await downloads.flush()
    assert await downloads.refresh() == 3
    assert await downloads.refresh() == 0
    scores = [(await reread(world, made)).trending for made in (old, fresh, liked)]
    assert scores == [0.5, 1.0, pytest.approx(40 * 0.5 ** (3 / 30), abs=1e-3)]
