"""One server for the Kaggle tests; every test makes repositories of its own."""

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


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running(tmp_path_factory.mktemp("kaggle")) as started:
        yield started


@pytest.fixture
def kagglehub(hub: Hub, tmp_path: Path) -> Client:
    """Runs code after ``import kagglehub`` in a process of its own; what it prints
    after ``> ``.

    The client knows no address but localhost, port 80: it comes through ``http_proxy``, as it does to a hub that is
    elsewhere.
    """
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    home = {"HOME": str(tmp_path / "home"), "KAGGLEHUB_CACHE": str(tmp_path / "cache"), "TQDM_DISABLE": "1"}

    def run(code: str, user: str | None = "ada", *, basic: bool = False, fails: bool = False, **env: str) -> str:
        given = {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "http_proxy": hub.url().rstrip("/"), **home}
        if user and basic:
            given |= {"KAGGLE_USERNAME": user, "KAGGLE_KEY": TOKENS[user]}
        elif user:
            given |= {"KAGGLE_API_TOKEN": TOKENS[user]}
        command = [sys.executable, "-W", "ignore", "-c", f"import os, kagglehub\n{code}"]
        done = subprocess.run(
            command, env=clean | given | env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode != 0) == fails, done.stderr[-3000:]
        return done.stderr if fails else "\n".join(SHOWN.findall(done.stdout))

    return run
