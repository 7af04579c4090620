"""The same with PostgreSQL below."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateways.git.memory import commit, git
from tests.gateways.git.server import Hub, running
from tests.gateways.lfs.batches import upload
from tests.support.databases import Cluster, postgres_cluster
from tests.support.postgres import fresh_database

__all__ = ["postgres_cluster"]


@pytest.fixture
def postgres_hub(postgres_cluster: Cluster, tmp_path: Path) -> Iterator[Hub]:
    with (
        fresh_database(postgres_cluster.address) as address,
        running(tmp_path / "hub", database_url=address) as started,
    ):
        yield started


def test_a_repository_goes_both_ways(postgres_hub: Hub, tmp_path: Path) -> None:
    repository = postgres_hub.create("pg")
    oid = upload(postgres_hub, repository, b"large content")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 13\n".encode()
    address = postgres_hub.url(repository.full_name, user="ada")
    git(tmp_path, "clone", "-q", address, "one")
    commit(tmp_path / "one", {"model.bin": pointer, **{f"folder/{n}": b"%d" % n for n in range(1200)}})
    git(tmp_path / "one", "push", "-q", "origin", "main", "main:other")
    git(tmp_path, "clone", "-q", "--depth", "1", address, "two")
    assert (tmp_path / "two" / "folder" / "1199").read_bytes() == b"1199"
    assert git(tmp_path / "two", "fsck", "--strict", "--no-dangling") == b""
    git(tmp_path / "one", "push", "-q", "origin", "--delete", "other")
    with postgres_hub.client() as http:
        answer = http.get(f"/{repository.full_name}/resolve/main/model.bin", follow_redirects=True)
    assert answer.content == b"large content"
