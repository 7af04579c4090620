"""The code on the page of a repository runs as it is."""

import sys

import pytest

from commonground.gateways.s3.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository
from tests.gateways.s3.conftest import Endpoint, run_client


def use(origin: str, *paths: str, kind: str = "dataset") -> dict[str, str]:
    repository = Repository(id=1, kind=kind, owner_id=1, owner="Bench", name="Snip", visibility="public")  # type: ignore[arg-type]
    return {
        item.title: item.code for item in snippets(Use(repository=repository, origin=origin, paths=frozenset(paths)))
    }


def test_tables_have_snippets_of_their_own() -> None:
    assert list(use("https://hub.example", "README.md", kind="model")) == ["boto3", "aws"]
    assert list(use("https://hub.example", "t.parquet")) == ["Polars", "DuckDB", "boto3", "aws"]
    assert "aws_allow_http" not in use("https://hub.example", "t.csv")["Polars"]
    assert "USE_SSL true" in use("https://hub.example", "t.csv")["DuckDB"]


@pytest.mark.parametrize("title", ["boto3", "Polars"])
def test_a_snippet_runs(endpoint: Endpoint, title: str) -> None:
    if not endpoint.http.get(f"/api/datasets/{endpoint.owner}/Snip").is_success:
        endpoint.create("Snip")
    endpoint.http.put(f"/s3/datasets.{endpoint.owner}.snip/t.csv", content=b"a,b\n1,2\n").raise_for_status()
    code = use(endpoint.url, "t.csv")[title] + ("print(frame.shape)\n" if title == "Polars" else "")
    found = run_client([sys.executable, "-c", code], endpoint)
    assert ("(1, 2)" if title == "Polars" else "t.csv 8") in found
