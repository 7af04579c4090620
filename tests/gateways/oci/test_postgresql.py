"""The same with PostgreSQL below."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateways.git.server import Hub, running
from tests.gateways.oci import test_conformance as conformance
from tests.gateways.oci import test_projection as projection
from tests.gateways.oci import test_publishing as publishing
from tests.gateways.oci.registry import Registry
from tests.support.databases import Cluster, postgres_cluster
from tests.support.postgres import fresh_database

__all__ = ["postgres_cluster"]


@pytest.fixture(scope="module")
def postgres_hub(postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder: Path = tmp_path_factory.mktemp("hub")
    with (
        fresh_database(postgres_cluster.address) as address,
        running(folder, database_url=address) as started,
    ):
        yield started


def test_the_registry(postgres_hub: Hub) -> None:
    for name in ("nested-index", "subject", "empty-layer"):
        for algorithm in conformance.ALGORITHMS:
            registry = Registry(postgres_hub, f"ada/{name}-{algorithm}")
            conformance.test_what_is_pushed_is_answered_listed_and_deleted(registry, name, algorithm)
    conformance.test_chunks_out_of_order_are_refused_and_the_upload_goes_on(Registry(postgres_hub, "ada/order"), "PUT")
    conformance.test_tags_come_in_pages(Registry(postgres_hub, "ada/tags"))
    conformance.test_a_blob_is_mounted(Registry(postgres_hub, "ada/mounts"), "sha256")


def test_artifacts_and_commits(postgres_hub: Hub) -> None:
    publishing.test_a_new_tag_is_a_new_branch(Registry(postgres_hub, "ada/branches"))
    publishing.test_an_artifact_is_copied_to_another_repository(Registry(postgres_hub, "ada/copies"))
    publishing.test_an_image_over_a_branch_and_the_branch_over_the_image(Registry(postgres_hub, "ada/over"))
    projection.test_what_left_the_history_is_gone_and_what_stayed_is_not(
        postgres_hub, Registry(postgres_hub, "ada/left")
    )
