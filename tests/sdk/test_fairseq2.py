"""The folder fairseq2 reads cards from."""

from pathlib import Path

import pytest

from commonground.errors import ServerUnreachable
from commonground.gateways.fairseq2 import gateway
from commonground.sdk.fairseq2 import asset_directory
from commonground.sdk.hub import Hub
from tests.gateways.fairseq2.schema import load
from tests.sdk.live import TOKENS

README = b"---\nfairseq2: {name: wav2vec2_base, model_family: wav2vec2, checkpoint: model.pt}\n---\n"


def model(hub: Hub, name: str) -> str:
    repository = hub.create_repository(f"alice/{name}").id
    hub.upload_file(f"{repository}/README.md", README)
    return repository


def test_the_cards_lie_where_fairseq2_looks(alice: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [model(alice, name) for name in ("w2v-one", "w2v-two", "w2v-three")]
    monkeypatch.setattr(gateway, "PAGE", 2)
    path = alice.install_fairseq2_cards(tmp_path / "cards")
    assert path == tmp_path / "cards" / "commonground.yaml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(load(path.read_bytes())) == {f"{name}@" for name in names}
    alice.install_fairseq2_cards(tmp_path / "cards", owner="alice")
    assert set(load(path.read_bytes())) == {*(f"{name}@" for name in names), "wav2vec2_base@user"}
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_places_fairseq2_looks_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FAIRSEQ2_USER_ASSET_DIR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert asset_directory() == tmp_path / "fairseq2" / "assets"
    monkeypatch.setenv("FAIRSEQ2_USER_ASSET_DIR", "~/cards")
    assert asset_directory() == Path.home() / "cards"


@pytest.mark.parametrize("content", [b"name: [", b"- 1\n- 2\n", b"model_family: x\n"])
def test_cards_that_make_no_sense_are_not_installed(
    address: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "encode_document", lambda _card: b"---\n" + content)
    with Hub(address, TOKENS["alice"]) as hub:
        if not any(found.name == "senseless" for found in hub.list_repositories(owner="alice")):
            model(hub, "senseless")
        with pytest.raises(ServerUnreachable, match="no sense"):
            hub.install_fairseq2_cards(tmp_path)
    assert list(tmp_path.iterdir()) == []
