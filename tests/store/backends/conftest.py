from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from commonground.settings import Settings
from commonground.store.backends import Backend, open_backend
from tests.store.backends import seaweedfs


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with seaweedfs.running() as url:
        yield url


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that name an empty place of each kind."""
    if request.param == "local":
        return Settings(data=tmp_path)
    parts = urlsplit(request.getfixturevalue("s3_url"))
    return Settings(data=tmp_path, storage_url=parts._replace(path=f"/{uuid.uuid4().hex}").geturl())


@pytest.fixture
def backend(storage: Settings) -> Backend:
    return open_backend(storage)


@pytest.fixture
def other_opener(storage: Settings) -> Callable[[], Backend]:
    """Opens the same place again, as another process would."""
    return lambda: open_backend(storage)
