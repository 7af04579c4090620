"""Whole folders, up and down."""

import os
from pathlib import Path

import pytest

from commonground.errors import InvalidAddress
from commonground.sdk import folders
from commonground.sdk.hub import Hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A text, a large binary, a script, and what must stay at home."""
    made = tmp_path / "in"
    (made / "a" / "b").mkdir(parents=True)
    (made / ".git").mkdir()
    (made / ".git" / "config").write_text("secret")
    (made / "a" / "b" / "text.txt").write_text("text")
    (made / "big.bin").write_bytes(os.urandom(2_000_000))
    (made / "run.sh").write_text("#!/bin/sh")
    (made / "run.sh").chmod(0o755)
    return made


def content(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_folder_goes_up_in_one_commit_and_comes_down(
    alice: Hub, repository: str, folder: Path, tmp_path: Path
) -> None:
    steps: list[tuple[int, int | None]] = []
    before = alice.get_repository(repository).head
    made = alice.upload_folder(f"{repository}/data", folder, progress=lambda *step: steps.append(step))
    assert (made.parents, made.title, steps) == ((before,), "Upload in", [(1, 3), (2, 3), (3, 3)])
    entries = {entry.path: entry for entry in alice.list_tree(repository, recursive=True)}
    assert {path for path in entries if path.startswith("data/a/b/")} == {"data/a/b/text.txt"}
    assert (entries["data/run.sh"].executable, entries["data/big.bin"].sha256 is not None) == (True, True)
    assert "data/.git/config" not in entries

    alice.download_folder(f"{repository}/data", tmp_path / "out")
    assert content(tmp_path / "out") == content(folder)


def test_what_does_not_fit_a_commit_goes_ahead_of_it(
    alice: Hub, repository: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "INLINE_TOTAL", 5)
    alice.upload_folder(repository, folder)
    assert alice.read_file(f"{repository}/run.sh") == b"#!/bin/sh"


def test_an_empty_folder_is_no_commit(alice: Hub, repository: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidAddress, match="no file"):
        alice.upload_folder(repository, tmp_path)


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "a//b", "."])
def test_a_hub_chooses_no_place_outside_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidAddress):
        folders._below(tmp_path, name)
