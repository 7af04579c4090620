"""One server for the tests of the registry; every test pushes to repositories of its own."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.gateways.git.server import Hub, running
from tests.gateways.oci.registry import Registry

_numbers = count()


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running(tmp_path_factory.mktemp("registry"), regular_file_limit=200_000) as started:
        yield started


@pytest.fixture
def registry(hub: Hub) -> Registry:
    """A repository that is not there yet, as ada sees it."""
    return Registry(hub, f"ada/registry{next(_numbers)}")
