"""Which properties of a repository an answer has, and what a list request asks."""

from typing import Any

import pytest
from starlette.requests import Request

from commonground.errors import BadRequest
from commonground.gateways.huggingface.information import LISTED, PROPERTIES, WHOLE, Facts, describe, expanded
from commonground.gateways.huggingface.routes.listing import search_query
from commonground.hub.repositories.model import Repository
from commonground.hub.search.model import SearchQuery


def facts(**values: Any) -> Facts:
    given = {"id": 7, "kind": "model", "owner_id": 1, "owner": "o", "name": "n", "visibility": "public", **values}
    return Facts(repository=Repository(**given), sha="ab" * 20, modified_at=1_700_000_000_123)


def test_a_model_as_the_client_reads_it() -> None:
    card = {"license": "mit", "base_model": "google/bert", "model-index": [{"name": "x"}]}
    item = describe(facts(card=card, pipeline_tag="fill-mask", tags=("mit",), gated="auto"), WHOLE["model"])
    assert item["id"] == item["modelId"] == "o/n"
    assert item["lastModified"] == "2023-11-14T22:13:20.123Z"
    assert (item["private"], item["gated"], item["disabled"]) == (False, "auto", False)
    assert (item["cardData"], item["model-index"]) == (card, [{"name": "x"}])
    assert item["baseModels"] == {"relation": "finetune", "models": [{"id": "google/bert"}]}
    assert "library_name" not in item


@pytest.mark.parametrize("kind", PROPERTIES)
def test_every_property_can_be_told_of_an_empty_repository(kind: str) -> None:
    assert describe(facts(kind=kind), tuple(PROPERTIES[facts(kind=kind).repository.kind]))["id"] == "o/n"


def test_a_line_of_a_list_is_light() -> None:
    assert not {"siblings", "cardData", "config"} & set(LISTED["model"])


def test_expand_answers_only_what_is_asked() -> None:
    assert set(describe(facts(), expanded("model", ["sha", "private"]))) == {"_id", "id", "modelId", "sha", "private"}


def test_an_unknown_property_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="secrets"):
        expanded("model", ["sha", "secrets"])


def ask(query: str) -> SearchQuery:
    scope = {"type": "http", "method": "GET", "path": "/api/models", "query_string": query.encode(), "headers": []}
    return search_query(Request(scope), "model")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"sort": "trendingScore", "limit": 1000, "descending": True}),
        ("search=bert&author=google&limit=5", {"text": "bert", "author": "google", "limit": 5}),
        ("filter=pytorch&filter=dataset:x,license:mit", {"filters": ("pytorch", "dataset:x", "license:mit")}),
        ("sort=last_modified&direction=1", {"sort": "lastModified", "descending": False}),
        ("sort=createdAt&limit=999999", {"sort": "createdAt", "limit": 1000}),
        ("num_parameters=min:6B,max:1.5T", {"min_parameters": 6 * 10**9, "max_parameters": 15 * 10**11}),
        ("gated=True&language=en&language=zh", {"gated": True, "languages": ("en", "zh")}),
        ("inference=warm", {"filters": ("inference:warm",)}),
    ],
)
def test_a_list_request(query: str, expected: dict[str, Any]) -> None:
    asked = ask(query)
    assert {name: getattr(asked, name) for name in expected} == expected


@pytest.mark.parametrize(
    "query", ["sort=size", "limit=0", "limit=-1", "limit=x", "num_parameters=6B", "limit=" + "9" * 40]
)
def test_a_list_request_that_makes_no_sense(query: str) -> None:
    with pytest.raises(BadRequest):
        ask(query)
