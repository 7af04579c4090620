"""Changing files in the browser."""

import pytest

from commonground.hub.repositories.model import Repository
from tests.web.hub import Hub

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bert(hub: Hub) -> Repository:
    repository = await hub.repository()
    await hub.write(repository, {"a.txt": b"\n<old>\n", "b.bin": b"\0", "docs/only.txt": b"x"})
    return repository


async def read(hub: Hub, repository: Repository, path: str) -> bytes:
    _, entry = await hub.services.revisions.entry(repository, "main", path)
    return await hub.services.revisions.read(repository, entry)


async def head(hub: Hub, repository: Repository) -> str:
    return await hub.services.revisions.resolve(repository, "main")


async def test_a_new_file(hub: Hub, bert: Repository) -> None:
    assert 'value="docs/"' in (await hub.ada.get("/ada/bert/new/main?path=docs/")).text
    form = {"path": "docs/中.md", "content": "one\r\ntwo\r\n", "title": "Explain", "parent": await head(hub, bert)}
    answer = await hub.ada.post("/ada/bert/new/main", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ada/bert/blob/main/docs/%E4%B8%AD.md")
    assert await read(hub, bert, "docs/中.md") == b"one\ntwo\n"
    commit = await hub.services.revisions.commit_info(bert, "main")
    assert (commit.title, commit.author_name) == ("Explain", "ada")


async def test_editing_keeps_every_character(hub: Hub, bert: Repository) -> None:
    page = (await hub.ada.get("/ada/bert/edit/main/a.txt")).text
    assert ">\n\n&lt;old&gt;\n</textarea>" in page, "the browser drops the first line break of a textarea"
    form = {"path": "a.txt", "content": "\r\n<new>\r\n", "title": "", "parent": await head(hub, bert)}
    assert (await hub.ada.post("/ada/bert/edit/main/a.txt", data=form)).status_code == 303
    assert await read(hub, bert, "a.txt") == b"\n<new>\n"
    assert (await hub.services.revisions.commit_info(bert, "main")).title == "Write a.txt"


async def test_renaming_while_editing(hub: Hub, bert: Repository) -> None:
    form = {"path": "moved/a.txt", "content": "x", "title": "", "parent": await head(hub, bert)}
    assert (await hub.ada.post("/ada/bert/edit/main/a.txt", data=form)).status_code == 303
    assert await read(hub, bert, "moved/a.txt") == b"x"
    assert (await hub.visitor.get("/ada/bert/blob/main/a.txt")).status_code == 404


async def test_somebody_else_was_quicker(hub: Hub, bert: Repository) -> None:
    stale = await head(hub, bert)
    await hub.write(bert, {"other": b"x"})
    answer = await hub.ada.post(
        "/ada/bert/edit/main/a.txt", data={"path": "a.txt", "content": "my <text>", "parent": stale}
    )
    assert answer.status_code == 412
    assert "my &lt;text&gt;</textarea>" in answer.text, "what was written is not lost"
    assert await read(hub, bert, "a.txt") == b"\n<old>\n"


async def test_deleting(hub: Hub, bert: Repository) -> None:
    answer = await hub.ada.post("/ada/bert/delete/main/docs/only.txt", data={"parent": await head(hub, bert)})
    assert answer.headers["location"] == "/ada/bert/tree/main"
    assert (await hub.visitor.get("/ada/bert/blob/main/docs/only.txt")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 422), ("a.txt", 422), ("../x", 400), (".git/config", 400), ("a.txt/b", 400), ("a\0b", 400)],
)
async def test_paths_that_cannot_be_written(hub: Hub, bert: Repository, path: str, status: int) -> None:
    before = await head(hub, bert)
    answer = await hub.ada.post("/ada/bert/new/main", data={"path": path, "content": "x", "parent": before})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert await head(hub, bert) == before


async def test_only_text_can_be_edited_and_only_by_those_who_may_write(hub: Hub, bert: Repository) -> None:
    assert (await hub.ada.get("/ada/bert/edit/main/b.bin")).headers["location"] == "/ada/bert/blob/main/b.bin"
    assert (await hub.ada.get("/ada/bert/edit/main/no")).status_code == 404
    assert "/ada/bert/edit/main/a.txt" in (await hub.ada.get("/ada/bert/blob/main/a.txt")).text
    assert "/ada/bert/edit/" not in (await hub.visitor.get("/ada/bert/blob/main/a.txt")).text
    for path in ("/ada/bert/edit/main/a.txt", "/ada/bert/new/main"):
        assert (await hub.visitor.get(path)).headers["location"].startswith("/login")
    for path in ("/ada/bert/edit/main/a.txt", "/ada/bert/new/main", "/ada/bert/delete/main/a.txt"):
        assert (await hub.visitor.post(path, data={"path": "x", "content": "x"})).status_code == 303
    assert await read(hub, bert, "a.txt") == b"\n<old>\n"
