"""One repository, every protocol: what one client wrote, every other reads with the same SHA-256.

The table of the documentation (docs/reference/interoperability.md) is what this test saw; ``CG_WRITE_DOCS=1`` writes it.
"""

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.interop.hub import TOKEN, USER, Hub, Server
from tests.interop.readers import READERS
from tests.interop.writers import WRITERS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "interoperability.md"
HEAD = (
    "Each row is a client that wrote a repository, each column one that read it. **yes** means that the test suite ran both, "
    "unmodified, against one server, and the files had the same SHA-256 (`tests/interop`).\n"
)
pytestmark = [pytest.mark.xdist_group("interop"), pytest.mark.timeout(900)]

Digests = dict[str, str]


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Server() as server:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
            keys = http.post("/api/cg/v1/me/access-keys").json()
        yield Hub(server, keys["id"], keys["secret"])


@pytest.fixture(scope="module")
def repositories(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Digests]]:
    """Per writer, the repository it made and the SHA-256 of what it put there. Each has content of its own."""
    made = {}
    for number, (writer, write) in enumerate(WRITERS.items()):
        repository = f"{USER}/written-{number}"
        folder = content(tmp_path_factory.mktemp("content"))
        write(hub, repository, folder)
        made[writer] = (repository, digests(folder))
    return made


def content(folder: Path) -> Path:
    """A small model: weights that are stored as a large file, and a configuration that is kept as text."""
    tensor = os.urandom(300_000)
    header = json.dumps({"w": {"dtype": "F32", "shape": [75_000], "data_offsets": [0, 300_000]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + tensor)
    (folder / "config.json").write_text(json.dumps({"seed": tensor[:8].hex()}) + "\n")
    return folder


def digests(folder: Path) -> Digests:
    names = ("model.safetensors", "config.json")
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names if (folder / name).exists()
    }


@pytest.fixture(scope="module")
def read(
    hub: Hub, repositories: dict[str, tuple[str, Digests]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Digests] | str]:
    """Per reader, what it got of each writer's repository, or why it failed."""
    got: dict[str, dict[str, Digests] | str] = {}
    for reader, fetch in READERS.items():
        target = tmp_path_factory.mktemp("read")
        try:
            fetch(hub, [repository for repository, _ in repositories.values()], target)
        except AssertionError as error:
            got[reader] = str(error)
        else:
            got[reader] = {writer: digests(target / repository) for writer, (repository, _) in repositories.items()}
    return got


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_gets_what_every_writer_wrote(
    repositories: dict[str, tuple[str, Digests]], read: dict[str, dict[str, Digests] | str], reader: str
) -> None:
    assert read[reader] == {writer: wanted for writer, (_, wanted) in repositories.items()}


def test_each_write_is_one_history_with_its_author(hub: Hub, repositories: dict[str, tuple[str, Digests]]) -> None:
    with httpx.Client(base_url=hub.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        for writer, (repository, _) in repositories.items():
            commits = http.get(f"/api/models/{repository}/commits/main").json()
            assert commits[0]["authors"][0]["user"] == USER, writer


def test_the_table_of_the_documentation_is_what_was_seen(
    repositories: dict[str, tuple[str, Digests]], read: dict[str, dict[str, Digests] | str]
) -> None:
    seen = {
        reader: [w for w, (_, wanted) in repositories.items() if isinstance(got, dict) and got[w] == wanted]
        for reader, got in read.items()
    }
    if os.environ.get("CG_WRITE_DOCS"):
        PAGE.write_text(table(seen), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == table(seen)


def table(seen: dict[str, list[str]]) -> str:
    """The page: one row a writer, one column a reader."""
    lines = [
        "# Interoperability\n",
        HEAD,
        "| written with ↓ read with → | " + " | ".join(seen) + " |",
        "|---|" + "---|" * len(seen),
    ]
    for writer in WRITERS:
        cells = ("yes" if writer in writers else "" for writers in seen.values())
        lines.append(f"| {writer} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
