"""What the page of a repository says about kagglehub works as it stands."""

import msgspec

from commonground.gateways.kaggle.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub
from tests.gateways.kaggle.conftest import Client
from tests.gateways.kaggle.test_client import contents, publish

FILES = frozenset({"a.txt", "README.md"})


def test_the_code_runs(kagglehub: Client, hub: Hub, repository: Repository) -> None:
    publish(hub, repository, a_txt=b"a")
    [snippet] = snippets(Use(repository=repository, origin=hub.url().rstrip("/"), paths=FILES))
    place = kagglehub(f"{snippet.code}\nprint('>', folder)", None, KAGGLE_API_ENVIRONMENT="", http_proxy="")
    assert contents(place) == {"a.txt": b"a"}


def test_a_hub_on_https_is_reached_through_the_forwarder(repository: Repository) -> None:
    data = msgspec.structs.replace(repository, kind="dataset")
    [snippet] = snippets(Use(repository=data, origin="https://hub.example", paths=FILES))
    assert "commonground proxy kaggle --hub https://hub.example" in snippet.code
    assert "dataset_download" in snippet.code


def test_there_is_nothing_to_say(repository: Repository) -> None:
    space = msgspec.structs.replace(repository, kind="space")
    assert snippets(Use(repository=space, origin="http://hub", paths=FILES)) == []
    assert snippets(Use(repository=repository, origin="http://hub", paths=frozenset({"README.md"}))) == []
