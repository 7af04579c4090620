"""One server for the tests with real git; every test makes repositories of its own."""

from collections.abc import Iterator
from itertools import count

import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub, running

_numbers = count()


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running(tmp_path_factory.mktemp("hub"), regular_file_limit=200_000) as started:
        yield started


@pytest.fixture
def repository(hub: Hub) -> Repository:
    """A new public repository of ada's."""
    return hub.create(f"repository{next(_numbers)}")
