"""Registered models are repositories: their versions commits, their aliases tags."""

import json
from itertools import count

import pytest

from tests.gateways.git.server import Hub
from tests.gateways.mlflow.conftest import ARTIFACTS, Client

_numbers = count()
WEIGHTS = bytes(range(256)) * 2000


@pytest.fixture
def name() -> str:
    return f"model-{next(_numbers)}"


def saved(client: Client, **files: bytes) -> str:
    """A run with a model in the folder ``net``."""
    run = client.begin()
    for path, content in files.items():
        client.put(f"runs/{run}/net/{path.replace('__', '/').replace('_', '.')}", content).raise_for_status()
    return run


def register(client: Client, name: str, run: str) -> str:
    made = client.ask("POST model-versions/create", name=name, source=f"mlflow-artifacts:/runs/{run}/net", run_id=run)
    assert made["model_version"]["run_id"] == run
    return str(made["model_version"]["version"])


def test_a_version_is_a_commit_that_every_client_reads(hub: Hub, ada: Client, name: str) -> None:
    ada.ask("POST registered-models/create", name=f"ada.{name}", tags=[{"key": "a", "value": "b"}], description="about")
    assert ada.refused("POST registered-models/create", name=f"ada.{name}") == "RESOURCE_ALREADY_EXISTS"
    run = saved(ada, MLmodel=b"flavors: {}\n", data__weights_bin=WEIGHTS)
    assert register(ada, name, run) == "1"
    raw = ada.http.get(f"/ada/{name}/resolve/main/data/weights.bin", follow_redirects=True)
    assert raw.content == WEIGHTS
    commits = ada.http.get(f"/api/models/ada/{name}/commits/main").json()
    assert commits[0]["title"] == "Register a version"
    lineage = ada.http.get(f"/api/cg/v1/repositories/models/ada/{name}/lineage").json()
    assert f"run:{run}" in [node["id"] for node in lineage["nodes"]]
    shown = ada.ask("GET registered-models/get", name=f"ada.{name}")["registered_model"]
    assert (shown["name"], shown["description"], shown["tags"]) == (
        f"ada.{name}",
        "about",
        [{"key": "a", "value": "b"}],
    )
    assert [one["version"] for one in shown["latest_versions"]] == ["1"]


def test_the_next_version_replaces_what_the_last_one_brought(ada: Client, name: str) -> None:
    ada.ask("POST registered-models/create", name=name)
    register(ada, name, saved(ada, MLmodel=b"flavors: {}\n", old_bin=b"old"))
    card = {"key": "file", "value": {"path": "README.md", "content": "# Card\n"}}
    lines = [{"key": "header", "value": {"summary": "Write a card"}}, card]
    ada.http.post(f"/api/models/ada/{name}/commit/main", content="\n".join(map(json.dumps, lines))).raise_for_status()
    assert register(ada, name, saved(ada, MLmodel=b"flavors: {a: 1}\n", new_bin=b"new")) == "3"
    uri = ada.ask("GET model-versions/get-download-uri", name=name, version="3")["artifact_uri"]
    found = ada.listed(uri.removeprefix("mlflow-artifacts:/"))
    assert found.keys() == {".gitattributes", "MLmodel", "README.md", "new.bin"}
    first = ada.ask("GET model-versions/get-download-uri", name=name, version="1")["artifact_uri"]
    assert ada.get(first.removeprefix("mlflow-artifacts:/") + "/old.bin").content == b"old"


def test_aliases_are_tags(ada: Client, name: str) -> None:
    ada.ask("POST registered-models/create", name=name)
    for content in (b"1", b"2"):
        register(ada, name, saved(ada, MLmodel=content))
    for version in ("1", "2"):
        ada.ask("POST registered-models/alias", name=name, alias="champion", version=version)
    found = ada.ask("GET registered-models/alias", name=name, alias="champion")["model_version"]
    assert (found["version"], found["aliases"]) == ("2", ["champion"])
    assert ada.http.get(f"/ada/{name}/resolve/champion/MLmodel").content == b"2"
    ada.http.post(f"/api/models/ada/{name}/tag/main", json={"tag": "v2"}).raise_for_status()
    assert ada.ask("GET registered-models/alias", name=name, alias="v2")["model_version"]["version"] == "2"
    for _ in range(2):
        assert ada.http.request("DELETE", "/api/2.0/mlflow/registered-models/alias",
                                json={"name": name, "alias": "champion"}).is_success  # fmt: skip
    assert ada.refused("GET registered-models/alias", name=name, alias="champion") == "RESOURCE_DOES_NOT_EXIST"
    for alias in ("a b", "../x", ""):
        refusal = ada.refused("POST registered-models/alias", name=name, alias=alias, version="1")
        assert refusal == "INVALID_PARAMETER_VALUE"
    assert ada.refused("POST registered-models/alias", name=name, alias="a", version="9") == "RESOURCE_DOES_NOT_EXIST"


def test_stages_tags_and_descriptions(ada: Client, name: str) -> None:
    ada.ask("POST registered-models/create", name=name)
    for content in (b"1", b"2"):
        register(ada, name, saved(ada, MLmodel=content))
    ada.ask("POST model-versions/transition-stage", name=name, version="1", stage="production")
    ada.ask("POST model-versions/transition-stage", name=name, version="2", stage="Production",
            archive_existing_versions=True)  # fmt: skip
    ada.ask("POST model-versions/set-tag", name=name, version="2", key="k", value="v")
    ada.ask("PATCH model-versions/update", name=name, version="2", description="better")
    first, second = (
        ada.ask("GET model-versions/get", name=name, version=number)["model_version"] for number in ("1", "2")
    )
    assert (first["current_stage"], second["current_stage"]) == ("Archived", "Production")
    assert (second["tags"], second["description"]) == ([{"key": "k", "value": "v"}], "better")
    found = ada.ask("POST registered-models/get-latest-versions", name=name, stages=["Production"])["model_versions"]
    assert [one["version"] for one in found] == ["2"]
    found = ada.ask("GET registered-models/get-latest-versions", name=name)["model_versions"]
    assert [one["version"] for one in found] == ["2"]
    assert ada.refused("POST model-versions/transition-stage", name=name, version="1", stage="Best") == (
        "INVALID_PARAMETER_VALUE"
    )


def test_searches(ada: Client, eve: Client, name: str) -> None:
    ada.ask("POST registered-models/create", name=name)
    run = saved(ada, MLmodel=b"1")
    register(ada, name, run)
    found = ada.ask("GET registered-models/search", filter=f"name LIKE '%{name}%' AND tag.`is` != 'true'")
    assert f"ada.{name}" in [one["name"] for one in found["registered_models"]]
    for text in (f"name = 'ada.{name}'", f"run_id = '{run}'", f"run_id = '{run}' AND name = 'ada.{name}'"):
        versions = ada.ask("GET model-versions/search", filter=text)["model_versions"]
        assert [(one["name"], one["version"]) for one in versions] == [(f"ada.{name}", "1")]
    assert ada.refused("GET model-versions/search", filter="") == "INVALID_PARAMETER_VALUE"
    assert eve.refused("GET model-versions/search", filter=f"run_id = '{run}'") == "RESOURCE_DOES_NOT_EXIST"
    assert ada.ask("GET model-versions/search", filter="name = 'ada.none'")["model_versions"] == []


def test_a_source_is_on_this_server_and_the_callers(ada: Client, eve: Client, name: str) -> None:
    run = saved(ada, MLmodel=b"secret of ada")
    eve.ask("POST registered-models/create", name=name)
    for source in (f"runs:/{run}/net", f"mlflow-artifacts:/runs/{run}/net", "models:/m-" + "0" * 32):
        assert eve.refused("POST model-versions/create", name=name, source=source) == "RESOURCE_DOES_NOT_EXIST"
    for source in ("", "s3://bucket/model", "file:///etc/passwd", "runs:/", "http://[", f"runs:/{eve.begin()}/none"):
        refusal = eve.refused("POST model-versions/create", name=name, source=source)
        assert refusal in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}, source


def test_renamed_and_deleted(ada: Client, name: str) -> None:
    ada.ask("POST registered-models/create", name=name)
    moved = ada.ask("POST registered-models/rename", name=name, new_name=f"{name}-two")["registered_model"]["name"]
    assert moved == f"ada.{name}-two"
    assert ada.ask("GET registered-models/get", name=name)["registered_model"]["name"] == moved
    deleted = ada.http.request("DELETE", "/api/2.0/mlflow/registered-models/delete", json={"name": moved})
    assert deleted.json() == {}
    assert ada.refused("GET registered-models/get", name=moved) == "RESOURCE_DOES_NOT_EXIST"


def test_a_repository_without_a_description_gets_one(ada: Client, name: str) -> None:
    ada.ask("POST registered-models/create", name=name)
    ada.http.put(f"/api/cg/v1/repositories/models/ada/{name}/files/main/net.onnx", content=b"onnx").raise_for_status()
    uri = ada.ask("GET model-versions/get-download-uri", name=name, version="1")["artifact_uri"]
    place = uri.removeprefix("mlflow-artifacts:/")
    assert ada.listed(place)["MLmodel"] == len(ada.get(f"{place}/MLmodel").content)
    assert "loader_module: mlflow.onnx" in ada.get(f"{place}/MLmodel").text
    assert ada.put(f"{place}/MLmodel", b"x").status_code == 403
    assert ada.http.delete(f"{ARTIFACTS}/{place}").status_code == 403
    assert ada.get(f"{place}/other").status_code == 404
