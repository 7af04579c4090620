"""Weights of a repository follow its head."""

import json

import numpy as np
import pytest

from commonground.accounts.model import Principal
from commonground.database import tasks
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CommitRequest, DeleteFile, Operation
from commonground.hub.weights import service
from commonground.hub.weights.service import TASK, WeightsReader, WeightsTask
from commonground.services import Services
from tests.hub.weights import files

pytestmark = pytest.mark.anyio

SHARD = "model-0000{}-of-00002.safetensors"


async def commit(services: Services, ada: Principal, made: Repository, *operations: Operation) -> Repository:
    await services.revisions.commit(made, ada, "main", CommitRequest(title="x", operations=list(operations)))
    return await services.repositories.open(ada, made.kind, made.owner, made.name)


def weights(size: int, name: str = "w") -> bytes:
    return files.safetensors({name: np.zeros(size, np.float32)}, {"format": "pt"})


def sharded() -> list[Operation]:
    index = {"metadata": {}, "weight_map": {"a": SHARD.format(1), "b": SHARD.format(2)}}
    return [
        AddFile(path="model.safetensors.index.json", content=json.dumps(index).encode()),
        AddFile(path=SHARD.format(1), content=weights(3, "a")),
        AddFile(path=SHARD.format(2), content=weights(4, "b")),
    ]


@pytest.fixture
async def made(services: Services, ada: Principal) -> Repository:
    return await services.repositories.create(ada, "model", "ada", "m")


async def test_parameters_are_counted_with_the_commit(services: Services, ada: Principal, made: Repository) -> None:
    made = await commit(services, ada, made, AddFile(path="model.safetensors", content=weights(12)))
    assert made.parameters == 12
    assert made.weights["safetensors"] == {
        "total": 12,
        "parameters": {"F32": 12},
        "tensor_count": 1,
        "metadata": {"format": "pt"},
    }
    made = await commit(services, ada, made, AddFile(path="notes.txt", content=b"x"))
    assert made.parameters == 12
    made = await commit(services, ada, made, DeleteFile(path="model.safetensors"))
    assert (made.parameters, made.weights) == (None, {})


async def test_shards_are_added_up(services: Services, ada: Principal, made: Repository) -> None:
    assert (await commit(services, ada, made, *sharded())).parameters == 7


async def test_a_missing_shard_is_told(services: Services, ada: Principal, made: Repository) -> None:
    made = await commit(services, ada, made, *sharded()[:2])
    assert made.parameters is None
    assert "which is not there" in made.weights["safetensors"]["error"]


async def test_a_damaged_file_does_not_stop_a_commit(services: Services, ada: Principal, made: Repository) -> None:
    made = await commit(
        services, ada, made, AddFile(path="m.gguf", content=b"GGUF"), AddFile(path="m.onnx", content=b"")
    )
    assert made.parameters is None
    assert set(made.weights) == {"gguf", "onnx"}
    assert all("error" in kept for kept in made.weights.values())


async def test_many_shards_are_left_to_a_task(
    services: Services, ada: Principal, made: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "READ_AT_ONCE", 1)
    made = await commit(services, ada, made, *sharded())
    assert made.parameters is None
    handler = WeightsTask(services.database, WeightsReader(services.revisions), services.repositories.by_id)
    task = services.database.write_now(tasks.claim, "test", [TASK], 60.0, 2**60)
    assert task is not None
    await handler(tasks.Running(task, services.database))
    assert (await services.repositories.by_id(made.id)).parameters == 7


async def test_a_file_is_described_on_demand(services: Services, ada: Principal, made: Repository) -> None:
    made = await commit(
        services, ada, made, AddFile(path="x.onnx", content=files.onnx([])), AddFile(path="a", content=b"")
    )
    reader = WeightsReader(services.revisions)
    _, entry = await services.revisions.entry(made, "main", "x.onnx")
    info = await reader.describe(made, entry)
    assert info is not None
    assert (info.format, info.total, info.error) == ("onnx", 0, None)
    _, other = await services.revisions.entry(made, "main", "a")
    assert await reader.describe(made, other) is None
