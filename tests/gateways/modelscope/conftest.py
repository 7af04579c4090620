"""One server for the ModelScope tests; every test makes repositories of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gateways.git.conftest import repository
from tests.gateways.git.server import TOKENS, Hub, running

__all__ = ["hub", "repository"]

Client = Callable[..., str]
SHOWN = re.compile("^> (.*)$", re.MULTILINE)
START = """
import hashlib, json, os, sys
from pathlib import Path
from modelscope.hub.api import HubApi
from modelscope import snapshot_download
from modelscope.hub.file_download import model_file_download, dataset_file_download
api = HubApi()
def sums(folder):
    root = Path(folder)
    found = [path for path in root.rglob('*') if path.is_file()]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
def show(value):
    print('>', value if isinstance(value, str) else json.dumps(value, default=str))
"""


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running(tmp_path_factory.mktemp("modelscope")) as started:
        yield started


@pytest.fixture
def modelscope(hub: Hub, tmp_path: Path) -> Client:
    """Runs code after the imports above in a process of its own; what it shows. Processes of one test share a home."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MODELSCOPE_", "HF_"))}
    home = {"HOME": str(tmp_path / "home"), "MODELSCOPE_CACHE": str(tmp_path / "cache"), "TQDM_DISABLE": "1"}
    (tmp_path / "home").mkdir()

    def run(code: str, user: str | None = "ada", *, fails: bool = False, **env: str) -> str:
        given = home | ({"MODELSCOPE_API_TOKEN": TOKENS[user]} if user else {})
        given |= {"MODELSCOPE_ENDPOINT": hub.url().rstrip("/")} if "MODELSCOPE_DOMAIN" not in env else {}
        command = [sys.executable, "-W", "ignore", "-c", f"{START}\n{code}"]
        done = subprocess.run(
            command, env=clean | given | env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode != 0) == fails, done.stdout[-1000:] + done.stderr[-4000:]
        return done.stderr if fails else "\n".join(SHOWN.findall(done.stdout))

    return run
