"""A commit to the default branch changes what the repository is known for, in the same transaction."""

import json

import pytest

from commonground.accounts.model import ANONYMOUS, Principal
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CommitRequest, DeleteFile, Operation
from commonground.hub.search.model import SearchQuery
from commonground.services import Services

pytestmark = pytest.mark.anyio

README = b"""---
license: mit
language: zh
pretty_name: Plum
tags: [demo]
---
# Title

A small \xe4\xb8\xad\xe6\x96\x87\xe6\xa8\xa1\xe5\x9e\x8b for tests.
"""


async def commit(
    services: Services, ada: Principal, made: Repository, *operations: Operation, to: str = "main"
) -> Repository:
    await services.revisions.commit(made, ada, to, CommitRequest(title="x", operations=list(operations)))
    return await services.repositories.open(ada, made.kind, made.owner, made.name)


async def found(services: Services, **query: object) -> list[str]:
    page = await services.repositories.list(ANONYMOUS, SearchQuery(**query))  # type: ignore[arg-type]
    return [repository.name for repository in page.items]


async def test_a_card_is_known_with_its_commit(services: Services, ada: Principal) -> None:
    made = await services.repositories.create(ada, "model", "ada", "m")
    config = json.dumps({"architectures": ["BertForMaskedLM"], "model_type": "bert"}).encode()
    made = await commit(
        services, ada, made, AddFile(path="README.md", content=README), AddFile(path="config.json", content=config)
    )
    assert made.tags == ("transformers", "bert", "fill-mask", "demo", "zh", "license:mit")
    assert made.description == "A small 中文模型 for tests."
    assert made.card["pretty_name"] == "Plum"
    assert made.config["model_type"] == "bert"
    for query in ({"text": "中文"}, {"text": "plum"}, {"license": "mit"}, {"pipeline_tag": "fill-mask"}):
        assert await found(services, **query) == ["m"], query
    made = await commit(services, ada, made, DeleteFile(path="config.json"), DeleteFile(path="README.md"))
    assert (made.tags, made.card, made.description, made.library_name, made.config) == ((), {}, "", None, {})
    assert await found(services, license="mit") == await found(services, text="中文") == []


async def test_other_branches_change_nothing(services: Services, ada: Principal) -> None:
    made = await services.repositories.create(ada, "model", "ada", "m")
    await services.revisions.create_branch(made, ada, "dev", starting_point="main")
    made = await commit(services, ada, made, AddFile(path="README.md", content=README), to="dev")
    assert made.card == {}


async def test_a_broken_card_does_not_stop_a_commit(services: Services, ada: Principal) -> None:
    made = await services.repositories.create(ada, "model", "ada", "m")
    broken = AddFile(path="README.md", content=b"---\na: [\n---\nStill \xff text")
    made = await commit(services, ada, made, broken, AddFile(path="config.json", content=b"[" * 100_000))
    assert (made.card, made.description) == ({}, "Still \ufffd text")


async def test_files_that_do_not_matter_keep_what_is_known(services: Services, ada: Principal) -> None:
    made = await services.repositories.create(ada, "dataset", "ada", "d")
    made = await commit(services, ada, made, AddFile(path="README.md", content=README))
    tags = made.tags
    assert (await commit(services, ada, made, AddFile(path="notes.md", content=b"x"))).tags == tags
    made = await commit(services, ada, made, AddFile(path="data/train.csv", content=b"a,b\n"))
    assert {"format:csv", "modality:tabular"} <= set(made.tags)


async def test_a_renamed_repository_is_found_by_its_new_name_and_old_text(services: Services, ada: Principal) -> None:
    made = await services.repositories.create(ada, "model", "ada", "apricot")
    made = await commit(services, ada, made, AddFile(path="README.md", content=README))
    await services.repositories.move(ada, made, "ada", "cherry")
    assert await found(services, text="cherry 中文 plum") == ["cherry"]
    assert await found(services, text="apricot") == []


async def test_a_duplicate_is_found_too(services: Services, ada: Principal) -> None:
    made = await services.repositories.create(ada, "model", "ada", "apricot")
    made = await commit(services, ada, made, AddFile(path="README.md", content=README))
    await services.repositories.duplicate(ada, made, "ada", "cherry")
    assert sorted(await found(services, text="中文", license="mit")) == ["apricot", "cherry"]
    assert await found(services, text="cherry") == ["cherry"]
