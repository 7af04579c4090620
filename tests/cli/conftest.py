from collections.abc import Iterator
from itertools import count

import pytest

from commonground.sdk.hub import Hub
from tests.cli.command import Command
from tests.sdk.live import TOKENS, running

NUMBERS = count()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def hub(address: str) -> Iterator[Hub]:
    with Hub(address, TOKENS["alice"]) as found:
        yield found


@pytest.fixture
def repository(hub: Hub) -> str:
    """A new repository of alice's."""
    return hub.create_repository(f"alice/r{next(NUMBERS)}").id


@pytest.fixture
def local(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Command:
    """Runs a command without a hub or a token."""
    for name in ("CG_ENDPOINT", "CG_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    return Command(monkeypatch, capsys)


@pytest.fixture
def command(local: Command, monkeypatch: pytest.MonkeyPatch, address: str) -> Command:
    """Runs a command as alice on the test's hub."""
    monkeypatch.setenv("CG_ENDPOINT", address)
    monkeypatch.setenv("CG_TOKEN", TOKENS["alice"])
    return local
