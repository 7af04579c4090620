"""The hub of the tests of revisions, and archives over it."""

import pytest

from commonground.hub.archives.service import Archives
from tests.hub.revisions.conftest import Hub, anyio_backend, hub, prepared, repository

__all__ = ["anyio_backend", "hub", "prepared", "repository"]


@pytest.fixture
def archives(hub: Hub) -> Archives:
    return Archives(hub.revisions, hub.store)
