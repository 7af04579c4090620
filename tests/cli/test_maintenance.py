"""Upkeep on a data directory: reports for people and for scripts."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from commonground.accounts.model import Principal
from commonground.hub.revisions.model import AddFile, CommitRequest
from commonground.services import Services
from commonground.settings import Settings
from tests.cli.command import Command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with one repository whose only path looks like markup."""

    async def fill() -> None:
        async with await Services.open(Settings(data=tmp_path)) as services:
            account = await services.accounts.create_user("ada")
            ada = Principal(account_id=account.id, name="ada", via="token", token_role="write")
            repository = await services.repositories.create(ada, "model", "ada", "m")
            request = CommitRequest(title="Add", operations=[AddFile(path="a[/b]", content=b"x")])
            await services.revisions.commit(repository, ada, "main", request)

    asyncio.run(fill())
    return tmp_path


@pytest.mark.parametrize("name", ["fsck", "gc", "scrub"])
def test_a_sound_directory_has_no_problems(local: Command, data: Path, name: str) -> None:
    report = local(name, "--data", data, "--json").json
    assert not any(value for key, value in report.items() if key in {"problems", "damaged", "files", "stray_objects"})
    assert local(name, "--data", data).code == 0


def test_a_wrong_index_is_named_whatever_the_path_looks_like(local: Command, data: Path) -> None:
    with sqlite3.connect(data / "commonground.sqlite3") as connection:
        connection.execute("UPDATE path_entry SET sha = ? WHERE path = 'a[/b]'", (bytes(20),))
    shown = local("fsck", "--data", data)
    assert shown.code == 1
    assert "a[/b]" in shown.out.replace("\n", "")
    problems = local("fsck", "--data", data, "--json")
    assert problems.code == 1
    assert '"subject":"a[/b]"' in problems.out
