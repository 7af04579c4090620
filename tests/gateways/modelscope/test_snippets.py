"""What the page of a repository offers to paste."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commonground.gateways.modelscope.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub
from tests.gateways.modelscope.conftest import SHOWN
from tests.gateways.modelscope.test_client import publish


def code_for(repository: Repository, origin: str = "https://hub.example") -> str:
    return "\n".join(snippet.code for snippet in snippets(Use(repository=repository, origin=origin)))


def test_a_snapshot_runs_as_it_is(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    publish(hub, repository, {"a.txt": b"one"})
    code = code_for(repository, hub.url().rstrip("/")) + "print('>', folder)"
    home = {"HOME": str(tmp_path), "MODELSCOPE_CACHE": str(tmp_path), "PATH": os.environ["PATH"]}
    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=home, capture_output=True, text=True, check=True
    ).stdout
    assert (Path(SHOWN.findall(shown)[0]) / "a.txt").read_bytes() == b"one"


@pytest.mark.parametrize(
    ("kind", "shown"), [("model", "snapshot_download"), ("dataset", "MsDataset.load"), ("space", "")]
)
def test_the_kinds_it_fits(kind: str, shown: str) -> None:
    made = Repository(id=1, kind=kind, owner_id=1, owner="acme", name="tiny", visibility="public")  # type: ignore[arg-type]
    code = code_for(made)
    assert shown in code
    assert bool(code) is bool(shown)
    assert ("https://hub.example" in code) is bool(shown)
