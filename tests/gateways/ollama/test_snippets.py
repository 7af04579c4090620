from commonground.gateways.ollama.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository


def use(origin: str, *paths: str, kind: str = "model") -> Use:
    repository = Repository(id=1, kind=kind, owner_id=1, owner="acme", name="tiny", visibility="public")  # type: ignore[arg-type]
    return Use(repository=repository, origin=origin, paths=frozenset(paths))


def test_a_gguf_model_is_pulled() -> None:
    [snippet] = snippets(use("https://hub.example", "tiny-Q4_K_M.gguf"))
    assert snippet.code.startswith("ollama pull hub.example/acme/tiny:Q4_K_M\n")


def test_without_tls_the_client_has_to_be_told() -> None:
    [snippet] = snippets(use("http://127.0.0.1:8000", "tiny.gguf"))
    assert snippet.code.startswith("ollama pull --insecure http://127.0.0.1:8000/acme/tiny\n")


def test_other_repositories_are_not() -> None:
    assert (
        snippets(use("https://hub.example", "README.md")) == snippets(use("https://h", "a.gguf", kind="dataset")) == []
    )
