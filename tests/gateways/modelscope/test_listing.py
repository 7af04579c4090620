"""Listings in one piece and in pages, of every shape a folder can have."""

import hashlib
from typing import Any

import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub

FOLDERS, EACH = 4, 25


@pytest.fixture(scope="module")
def large(hub: Hub) -> Repository:
    """A data set with a hundred files in four folders."""
    made = hub.create("large-listing", kind="dataset")
    actions = [
        {"action": "create", "path": f"part{folder}/{number:03}.txt", "content": f"{folder} {number}"}
        for folder in range(FOLDERS)
        for number in range(EACH)
    ]
    done = hub.client().post(f"/api/v1/repos/datasets/{made.full_name}/commit/master", json={"actions": actions})
    assert done.status_code == 200, done.text
    return made


def files(hub: Hub, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = hub.client().get(f"/api/v1/datasets/{path}/repo/tree", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["Data"]["Files"]
    return found


def test_one_listing_has_everything(hub: Hub, large: Repository) -> None:
    found = files(hub, large.full_name, Recursive="True")
    assert len(found) == 1 + FOLDERS + FOLDERS * EACH
    one = next(file for file in found if file["Path"] == "part2/007.txt")
    assert (one["Name"], one["Type"], one["Size"]) == ("007.txt", "blob", 3)
    assert one["Sha256"] == hashlib.sha256(b"2 7").hexdigest()
    assert len(one["Revision"]) == 40


@pytest.mark.parametrize("size", [10, 35, 105, 200])
@pytest.mark.parametrize("place", ["name", "id"])
def test_pages_are_the_listing_cut(hub: Hub, large: Repository, size: int, place: str) -> None:
    path = large.full_name if place == "name" else str(large.id)
    whole = files(hub, path, Recursive="True")
    pages: list[list[dict[str, Any]]] = []
    while page := files(hub, path, Recursive="True", PageNumber=len(pages) + 1, PageSize=size):
        pages.append(page)
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert [file for page in pages for file in page] == whole


@pytest.mark.parametrize("number", [9, 3, 11, 12, 1_000_000, 2])
def test_any_page_may_come_first(hub: Hub, large: Repository, number: int) -> None:
    whole = files(hub, large.full_name, Recursive="True")
    page = files(hub, large.full_name, Recursive="True", PageNumber=number, PageSize=10)
    assert page == whole[(number - 1) * 10 : number * 10]


@pytest.mark.parametrize("root", ["part1", "/part1/", "/part1"])
def test_a_folder(hub: Hub, large: Repository, root: str) -> None:
    found = files(hub, large.full_name, Root=root)
    assert [file["Path"] for file in found] == [f"part1/{number:03}.txt" for number in range(EACH)]


def test_the_top(hub: Hub, large: Repository) -> None:
    for query in ({}, {"Root": "/"}, {"Recursive": "False"}):
        found = files(hub, large.full_name, **query)
        assert [(file["Path"], file["Type"]) for file in found] == [
            (".gitattributes", "blob"),
            *((f"part{number}", "tree") for number in range(FOLDERS)),
        ]


def test_private_data_sets_have_no_id_for_strangers(hub: Hub) -> None:
    private = hub.create("listing-secret", kind="dataset", visibility="private")
    model = hub.create("listing-model")
    assert hub.client().get(f"/api/v1/datasets/{private.id}/repo/tree").status_code == 200
    answers = [hub.client("eve").get(f"/api/v1/datasets/{each}/repo/tree") for each in (private.id, 10**9, model.id)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["Message"] for answer in answers}) == 1


def test_heads_and_ranges(hub: Hub, large: Repository) -> None:
    place, content = f"/api/v1/datasets/{large.full_name}/repo?FilePath=part1/001.txt", b"1 1"
    head = hub.client().head(place)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "3", b"")
    part = hub.client().get(place, headers={"Range": "bytes=1-"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, content[1:], "bytes 1-2/3")
    assert hub.client().get(place, headers={"Range": "bytes=9-"}).status_code == 416
    assert hub.client().get(place, headers={"If-None-Match": head.headers["ETag"]}).status_code == 304
    assert head.headers["X-Linked-ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
