from commonground.gateways.torch_hub.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository


def use(*paths: str, kind: str = "model") -> Use:
    repository = Repository(id=1, kind=kind, owner_id=1, owner="acme", name="tiny", visibility="public")  # type: ignore[arg-type]
    return Use(repository=repository, origin="https://hub.example", paths=frozenset(paths))


def test_weights_are_loaded_by_their_address() -> None:
    [snippet] = snippets(use("README.md", "model.safetensors"))
    assert "https://hub.example/acme/tiny/resolve/main/model.safetensors" in snippet.code


def test_entry_points_are_named() -> None:
    [_, snippet] = snippets(use("hubconf.py", "net.pth"))
    assert "torch-home acme/tiny" in snippet.code


def test_other_repositories_have_none() -> None:
    assert snippets(use("README.md")) == snippets(use("hubconf.py", kind="dataset")) == []
