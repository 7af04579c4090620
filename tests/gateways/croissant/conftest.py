from collections.abc import Iterator
from itertools import count

import pytest

from commonground.sdk.hub import Hub
from tests.sdk.live import TOKENS, running

NUMBERS = count()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def hub(address: str) -> Iterator[Hub]:
    with Hub(address, TOKENS["alice"]) as found:
        yield found


@pytest.fixture
def data(hub: Hub) -> str:
    """A new data set of alice's: ``datasets/alice/...``."""
    return f"datasets/{hub.create_repository(f'datasets/alice/d{next(NUMBERS)}').id}"


@pytest.fixture
def private(hub: Hub) -> str:
    """The same, private."""
    return f"datasets/{hub.create_repository(f'datasets/alice/p{next(NUMBERS)}', visibility='private').id}"
