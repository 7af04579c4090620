"""What the page of a repository says about MLflow."""

import pytest

from commonground.gateways.mlflow.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository


def use(kind: str, *paths: str) -> Use:
    one = Repository(id=1, kind=kind, owner_id=1, owner="ada", name="tiny", visibility="public")  # type: ignore[arg-type]
    return Use(repository=one, origin="https://hub.example", paths=frozenset(paths))


@pytest.mark.parametrize("path", ["MLmodel", "net.onnx"])
def test_a_model_that_says_how_it_is_loaded(path: str) -> None:
    [found] = snippets(use("model", path))
    assert 'load_model("models:/ada.tiny/latest")' in found.code
    assert 'set_tracking_uri("https://hub.example")' in found.code
    compile(found.code, "snippet", "exec")


def test_nothing_for_what_it_cannot_load() -> None:
    assert snippets(use("model", "model.safetensors")) == []
    assert snippets(use("model", "a.onnx", "b.onnx")) == []
    assert snippets(use("dataset", "MLmodel")) == []
