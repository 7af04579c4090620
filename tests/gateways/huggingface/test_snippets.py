"""What to paste: it names the repository and this hub, and Python is Python."""

import pytest

from commonground.accounts.model import RepositoryKind
from commonground.gateways.huggingface.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository

LIBRARIES = (None, "transformers", "sentence-transformers", "diffusers", "onnx", "spacy", "gguf", "datasets")


def use(kind: RepositoryKind, library: str | None = None) -> Use:
    found = Repository(
        id=1,
        kind=kind,
        owner_id=1,
        owner="o",
        name="n",
        visibility="public",
        library_name=library,
    )
    return Use(repository=found, origin="https://hub.example")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_snippets_name_the_repository_and_this_hub(kind: RepositoryKind, library: str | None) -> None:
    shown = snippets(use(kind, library))
    assert all("o/n" in item.code and "https://hub.example" in item.code for item in shown)
    for item in shown:
        if item.language == "python":
            compile(item.code, item.title, "exec")
    assert len({item.title for item in shown}) == len(shown)


def test_the_library_comes_first() -> None:
    assert "datasets" in snippets(use("dataset"))[0].code
    assert "spacy" in snippets(use("model", "spacy"))[0].code
