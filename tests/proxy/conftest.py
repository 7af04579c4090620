"""A hub with a public and a private model of alice's, and the proxies as programs beside it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commonground.accounts.model import Visibility
from commonground.sdk.hub import Hub
from tests.sdk.live import TOKENS, running

COMMAND = [sys.executable, "-c", "from commonground.cli.main import main; main()"]
HUBCONF = b"dependencies = []\n\n\ndef double(x):\n    'Twice as much.'\n    return 2 * x\n"

Start = Callable[..., str]


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("hub")) as address:
        with Hub(address, TOKENS["alice"]) as client:
            kinds: dict[str, Visibility] = {"tiny": "public", "secret": "private"}
            for name, visibility in kinds.items():
                repository = client.create_repository(f"alice/{name}", visibility=visibility).id
                client.upload_file(f"{repository}/hubconf.py", HUBCONF)
                client.create_tag(repository, "v1")
                client.create_branch(repository, "dev/x")
        yield address


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the proxies keep their certificate authority."""
    return tmp_path_factory.mktemp("proxy")


@contextmanager
def program(*words: str, token: str | None = None, port: int = 0) -> Iterator[str]:
    """The address of a proxy run as a program, on a free port unless one is given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CG_")}
    environment = clean | {"XDG_CONFIG_HOME": "/nonexistent"} | ({"CG_TOKEN": token} if token else {})
    process = subprocess.Popen(
        [*COMMAND, "proxy", *words, "--port", str(port)], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert " ready at http://127.0.0.1:" in line, line
        yield line.split()[5]
    finally:
        process.terminate()
        process.wait(10)
