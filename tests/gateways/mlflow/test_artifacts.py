"""Files of runs and of logged models."""

import time

import pytest

from commonground.services import Services
from commonground.store.maintenance import Maintenance
from tests.gateways.git.server import Hub
from tests.gateways.mlflow.conftest import ARTIFACTS, Client


def test_files_are_written_listed_read_and_removed(ada: Client) -> None:
    run = ada.begin()
    for path, content in (("a.txt", b"aa"), ("deep/er/b.bin", b"b" * 300_000), ("deep%20er/c", b"")):
        assert ada.put(f"runs/{run}/{path}", content).json() == {}
    assert ada.listed(f"runs/{run}") == {"a.txt": 2, "deep": None, "deep er": None}
    assert ada.listed(f"runs/{run}/deep/er") == {"b.bin": 300_000}
    assert ada.listed(f"runs/{run}/a.txt") == ada.listed(f"runs/{run}/none") == ada.listed("") == {}
    assert ada.get(f"runs/{run}/deep/er/b.bin").content == b"b" * 300_000
    part = ada.get(f"runs/{run}/a.txt", Range="bytes=1-")
    assert (part.status_code, part.content) == (206, b"a")
    ada.put(f"runs/{run}/a.txt", b"another")
    assert ada.get(f"runs/{run}/a.txt").content == b"another"
    ada.http.delete(f"{ARTIFACTS}/runs/{run}/deep").raise_for_status()
    assert ada.listed(f"runs/{run}") == {"a.txt": 7, "deep er": None}
    gone = ada.get(f"runs/{run}/deep/er/b.bin")
    assert (gone.status_code, gone.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_folder_is_not_another_in_other_letters(ada: Client) -> None:
    run = ada.begin()
    for path in ("Model/a", "model/a", "model_x", "model%25"):
        ada.put(f"runs/{run}/{path}", b"x")
    ada.http.delete(f"{ARTIFACTS}/runs/{run}/model").raise_for_status()
    assert ada.listed(f"runs/{run}") == {"Model": None, "model_x": 1, "model%": 1}


@pytest.mark.parametrize("path", ["..%2Fup", "a/%2E%2E/b", ".git/config", "a//b", "nul%00", "x" * 300, "%ff"])
def test_a_path_that_leads_elsewhere_is_refused(ada: Client, path: str) -> None:
    run = ada.begin()
    assert ada.put(f"runs/{run}/{path}", b"x").status_code in {400, 404}
    assert ada.listed(f"runs/{run}") == {}


def test_others_see_nothing(ada: Client, eve: Client, nobody: Client) -> None:
    run = ada.begin()
    model = ada.ask("POST logged-models", experiment_id="0")["model"]["info"]["model_id"]
    for place in (f"runs/{run}/a", f"models/{model}/a"):
        ada.put(place, b"secret").raise_for_status()
        for client, status in ((eve, 404), (nobody, 401)):
            assert client.get(place).status_code == status
            assert client.put(place, b"mine").status_code == status
            assert client.http.delete(f"{ARTIFACTS}/{place}").status_code == status
            assert client.http.get(ARTIFACTS, params={"path": place.rpartition("/")[0]}).status_code == status
        assert ada.get(place).content == b"secret"


def test_content_stays_as_long_as_a_run_names_it(hub: Hub, ada: Client) -> None:
    run = ada.begin()
    kept, freed = (f"{what} {time.time()}".encode() * 100 for what in ("kept", "freed"))
    ada.put(f"runs/{run}/kept", kept)
    ada.put(f"runs/{run}/freed", freed)
    ada.http.delete(f"{ARTIFACTS}/runs/{run}/freed")

    async def collect(services: Services) -> int:
        return (await Maintenance(services.store, services.settings).gc(grace=-1)).files

    assert hub.run(collect) >= 1
    assert ada.get(f"runs/{run}/kept").content == kept
