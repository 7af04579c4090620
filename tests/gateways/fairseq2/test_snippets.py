from commonground.gateways.fairseq2.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository


def use(card: dict[str, object], kind: str = "model") -> Use:
    repository = Repository(id=1, kind=kind, owner_id=1, owner="acme", name="tiny", visibility="public", card=card)  # type: ignore[arg-type]
    return Use(repository=repository, origin="https://hub.example")


def test_a_fairseq2_model_says_how_it_is_loaded() -> None:
    [snippet] = snippets(use({"fairseq2": {"model_family": "wav2vec2"}}))
    assert 'load_model("acme/tiny")' in snippet.code
    assert "--endpoint https://hub.example" in snippet.code


def test_others_do_not() -> None:
    assert snippets(use({})) == snippets(use({"fairseq2": {"model_family": "x"}}, "dataset")) == []
