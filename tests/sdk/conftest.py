from collections.abc import Iterator
from itertools import count

import pytest

from commonground.sdk.hub import Hub
from tests.sdk.live import TOKENS, running

NUMBERS = count()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def alice(address: str) -> Iterator[Hub]:
    with Hub(address, TOKENS["alice"]) as hub:
        yield hub


@pytest.fixture
def bob(address: str) -> Iterator[Hub]:
    with Hub(address, TOKENS["bob"]) as hub:
        yield hub


@pytest.fixture
def repository(alice: Hub) -> str:
    """A new repository of alice's."""
    return alice.create_repository(f"alice/r{next(NUMBERS)}").id


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("CG_ENDPOINT", "CG_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
