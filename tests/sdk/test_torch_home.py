"""Where torch.hub finds repositories; ``tests/engines/torch`` has torch look there."""

from pathlib import Path

import pytest

from commonground.errors import EntryNotFound, RevisionNotFound
from commonground.sdk.hub import Hub
from commonground.sdk.torch_home import torch_home


@pytest.fixture
def model(alice: Hub, repository: str) -> str:
    alice.upload_file(f"{repository}/hubconf.py", b"def one(): return 1\n")
    alice.upload_file(f"{repository}/net/layers.py", b"# layers\n")
    return repository


def name_of(repository: str, revision: str) -> str:
    return f"{repository.replace('/', '_')}_{revision}"


def test_a_repository_lies_where_torch_looks(alice: Hub, model: str, tmp_path: Path) -> None:
    made = alice.seed_torch_home(model, tmp_path)
    assert made == tmp_path / "hub" / name_of(model, "main")
    assert (made / "net" / "layers.py").read_bytes() == b"# layers\n"
    assert (tmp_path / "hub" / "trusted_list").read_text() == f"{model.replace('/', '_')}\n"


def test_a_revision_with_a_slash(alice: Hub, model: str, tmp_path: Path) -> None:
    alice.create_branch(model, "dev/x")
    assert alice.seed_torch_home(f"{model}@dev%2Fx", tmp_path).name == name_of(model, "dev_x")
    assert alice.seed_torch_home(model, tmp_path, revision="dev/x").name == name_of(model, "dev_x")


def test_the_next_time_it_is_replaced(alice: Hub, model: str, tmp_path: Path) -> None:
    alice.seed_torch_home(model, tmp_path)
    alice.delete_file(f"{model}/net/layers.py")
    alice.upload_file(f"{model}/hubconf.py", b"def two(): return 2\n")
    made = alice.seed_torch_home(model, tmp_path)
    assert (made / "hubconf.py").read_bytes() == b"def two(): return 2\n"
    assert not (made / "net").exists()
    assert sorted(path.name for path in (tmp_path / "hub").iterdir()) == sorted([made.name, "trusted_list"])
    assert len((tmp_path / "hub" / "trusted_list").read_text().splitlines()) == 1


def test_without_entry_points_nothing_is_written(alice: Hub, repository: str, tmp_path: Path) -> None:
    with pytest.raises(EntryNotFound, match=r"hubconf\.py"):
        alice.seed_torch_home(repository, tmp_path)
    with pytest.raises(RevisionNotFound):
        alice.seed_torch_home(f"{repository}@none", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_places_torch_looks_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert torch_home() == tmp_path / "torch"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert torch_home() == Path.home() / ".cache" / "torch"
    monkeypatch.setenv("TORCH_HOME", "~/models")
    assert torch_home() == Path.home() / "models"
