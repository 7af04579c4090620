"""Files of the hub as file objects."""

import os
from contextlib import suppress

import pytest

import commonground
from commonground.errors import EntryNotFound
from commonground.sdk.hub import Hub
from tests.sdk.live import TOKENS


def test_reading_seeks_and_stays_on_its_commit(alice: Hub, repository: str) -> None:
    content = os.urandom(2_500_000)
    alice.upload_file(f"{repository}/a.bin", content)
    with alice.open(f"{repository}/a.bin") as file:
        file.seek(-100, 2)
        assert file.read() == content[-100:]
        alice.upload_file(f"{repository}/a.bin", b"other")
        file.seek(1_000_000)
        assert file.read(10) == content[1_000_000:1_000_010]
        assert file.seek(0) == 0
        assert file.read() == content


def test_an_empty_file_has_an_end(alice: Hub, repository: str) -> None:
    alice.upload_file(f"{repository}/a", b"")
    with alice.open(f"{repository}/a") as file:
        assert file.read() == b""


def test_text_is_written_and_read(alice: Hub, repository: str) -> None:
    with alice.open(f"{repository}/a.txt", "w") as file:
        file.write("你好\n")
    with alice.open(f"{repository}/a.txt", "r") as file:
        assert list(file) == ["你好\n"]


@pytest.mark.parametrize("mode", ["w", "wb"])
def test_a_block_that_fails_writes_nothing(alice: Hub, repository: str, mode: str) -> None:
    before = alice.get_repository(repository).head
    with suppress(RuntimeError), alice.open(f"{repository}/a.txt", mode) as file:  # type: ignore[arg-type]
        file.write("half" if mode == "w" else b"half")
        raise RuntimeError
    assert alice.get_repository(repository).head == before


def test_what_is_not_there_cannot_be_opened(alice: Hub, repository: str) -> None:
    with pytest.raises(EntryNotFound):
        alice.open(f"{repository}/nope")


def test_an_address_is_enough(address: str, alice: Hub, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alice.upload_file(f"{repository}/a", b"a")
    monkeypatch.setenv("CG_ENDPOINT", address)
    monkeypatch.setenv("CG_TOKEN", TOKENS["alice"])
    with commonground.open(f"hub://models/{repository}@main/a") as file:
        assert file.read() == b"a"
