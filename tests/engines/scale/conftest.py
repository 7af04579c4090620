"""One PostgreSQL cluster and one S3 server for all; an empty database and bucket prefix for each deployment."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.engines.scale.deployment import Backends
from tests.store.backends import seaweedfs
from tests.support import postgres
from tests.support.databases import Cluster, postgres_cluster

__all__ = ["postgres_cluster"]


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with seaweedfs.running() as url:
        yield url


@pytest.fixture(scope="session")
def fresh_backends(postgres_cluster: Cluster, s3_url: str) -> Iterator[Callable[..., Backends]]:
    """Makes an empty database and an empty place in the bucket."""
    with ExitStack() as stack:

        def make(options: str = "") -> Backends:
            address = stack.enter_context(postgres.fresh_database(postgres_cluster.address))
            parts = urlsplit(s3_url)
            place = parts._replace(path=f"/{uuid.uuid4().hex}", query=parts.query + options).geturl()
            return Backends(address.replace("+psycopg", ""), place)

        yield make


@pytest.fixture
def backends(fresh_backends: Callable[..., Backends]) -> Backends:
    return fresh_backends()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path
