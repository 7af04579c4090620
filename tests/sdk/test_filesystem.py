"""The hub:// protocol of fsspec."""

import fsspec
import pytest

from commonground.sdk.filesystem import HubFileSystem
from commonground.sdk.hub import Hub
from tests.sdk.live import TOKENS


@pytest.fixture
def files(address: str) -> HubFileSystem:
    found: HubFileSystem = fsspec.filesystem("hub", endpoint=address, token=TOKENS["alice"])
    return found


@pytest.fixture
def root(alice: Hub, repository: str) -> str:
    alice.upload_file(f"{repository}/data/a.csv", b"x,y\n1,2\n")
    return f"models/{repository}"


def test_the_protocol_is_registered(files: HubFileSystem) -> None:
    assert isinstance(files, HubFileSystem)


def test_folders_list_what_is_in_them(files: HubFileSystem, root: str) -> None:
    assert "datasets" in files.ls("", detail=False)
    assert root in files.ls("hub://models/alice", detail=False)
    assert files.ls(root, detail=False) == [f"{root}/.gitattributes", f"{root}/data"]
    [entry] = files.ls(f"hub://{root}/data")
    assert (entry["type"], entry["size"]) == ("file", 8)
    assert files.ls(f"{root}/data/a.csv", detail=False) == [f"{root}/data/a.csv"]


def test_trees_are_walked_and_matched(files: HubFileSystem, root: str) -> None:
    assert files.find(root) == [f"{root}/.gitattributes", f"{root}/data/a.csv"]
    assert files.glob(f"{root}/**/*.csv") == [f"{root}/data/a.csv"]


def test_existence_is_known(files: HubFileSystem, root: str) -> None:
    assert files.exists(f"{root}/data/a.csv")
    assert files.isdir(f"{root}/data")
    assert files.isdir(root)
    assert not files.exists(f"{root}/nope")
    assert not files.exists("models/alice/nope")


def test_parts_are_read(files: HubFileSystem, root: str) -> None:
    path = f"{root}/data/a.csv"
    assert files.cat(path) == b"x,y\n1,2\n"
    assert files.cat_file(path, 4) == b"1,2\n"
    assert files.cat_file(path, -4, -1) == b"1,2"
    with fsspec.open(f"hub://{path}", "rt", endpoint=files.hub.endpoint, token=TOKENS["alice"]) as file:
        assert file.read() == "x,y\n1,2\n"


def test_files_are_written_and_removed(files: HubFileSystem, root: str) -> None:
    files.pipe_file(f"{root}/new", b"n")
    assert files.cat(f"{root}/new") == b"n"
    files.rm(f"{root}/new")
    assert not files.exists(f"{root}/new")


def test_a_revision_is_part_of_the_path(files: HubFileSystem, alice: Hub, root: str) -> None:
    alice.create_tag(root, "v1")
    files.pipe_file(f"{root}/data/a.csv", b"changed")
    assert files.cat(f"{root}@v1/data/a.csv") == b"x,y\n1,2\n"
    assert files.ls(f"{root}@v1/data", detail=False) == [f"{root}@v1/data/a.csv"]


def test_what_is_missing_is_what_file_systems_raise(files: HubFileSystem, root: str) -> None:
    for act in (files.info, files.cat, files.ls, files.open, files.rm_file, files.modified):
        with pytest.raises(FileNotFoundError):
            act(f"{root}/nope")


def test_times_are_known(files: HubFileSystem, root: str) -> None:
    assert files.modified(f"{root}/data/a.csv") >= files.created(root).replace(microsecond=0)
