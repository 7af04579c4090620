"""Names of registered models and addresses of artifacts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.accounts.model import ANONYMOUS, Principal
from commonground.compute.tracking.artifacts import Place
from commonground.errors import ExperimentNotFound, RepositoryNotFound, RunNotFound
from commonground.gateways.mlflow.mlmodel import written_for
from commonground.gateways.mlflow.names import (
    Content,
    artifact_path,
    experiment_number,
    parse_artifacts,
    run_number,
    split_name,
)
from commonground.hub.revisions.model import Entry

ADA = Principal(account_id=1, name="ada")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("acme.tiny", ("acme", "tiny")),
        ("acme/tiny", ("acme", "tiny")),
        ("acme.tiny.v2", ("acme", "tiny.v2")),
        ("tiny", ("ada", "tiny")),
    ],
)
def test_a_name(name: str, found: tuple[str, str]) -> None:
    assert split_name(name, ADA) == found


@pytest.mark.parametrize("name", ["", ".", "acme.", "a/b/c", "/tiny"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(RepositoryNotFound):
        split_name(name, ADA)
    with pytest.raises(RepositoryNotFound):
        split_name("tiny", ANONYMOUS)


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("mlflow-artifacts:/runs/7/net", (Place("run", "7"), "net")),
        ("mlflow-artifacts://host:80/models/m-1", (Place("model", "m-1"), "")),
        ("runs:/7/a/b", (Place("run", "7"), "a/b")),
        ("http://h/api/2.0/mlflow-artifacts/artifacts/repositories/a/b/c/d", (Content("a", "b", "c"), "d")),
        ("s3://bucket/runs/7", None),
        ("mlflow-artifacts:/experiments/7", None),
    ],
)
def test_an_address(uri: str, found: tuple[object, str] | None) -> None:
    path = artifact_path(uri)
    assert (None if path is None else parse_artifacts(path)) == found


@given(st.text(max_size=50))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    for read, refusal in ((run_number, RunNotFound), (experiment_number, ExperimentNotFound)):
        try:
            assert 0 <= read(text) < 10**18
        except refusal:
            continue
    artifact_path(text)


def entry(path: str) -> Entry:
    return Entry(path=path, type="file", mode=0o100644, oid="0" * 40)


def test_only_one_way_to_load_is_described() -> None:
    assert written_for([entry("a.onnx"), entry("README.md")]) is not None
    for there in (["a.onnx", "b.onnx"], ["a.onnx", "MLmodel"], ["model.safetensors"]):
        assert written_for([entry(path) for path in there]) is None
