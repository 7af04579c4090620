"""``commonground privacy`` against a real server."""

from collections.abc import Iterator

import pytest

from commonground.sdk.hub import Hub
from tests.cli.command import Command
from tests.sdk.live import TOKENS, running


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("lab"), runs_by="users") as found:
        yield found


@pytest.fixture
def alice(local: Command, monkeypatch: pytest.MonkeyPatch, lab: str) -> Command:
    monkeypatch.setenv("CG_ENDPOINT", lab)
    monkeypatch.setenv("CG_TOKEN", TOKENS["alice"])
    return local


def test_a_budget_from_the_command_line(alice: Command, lab: str) -> None:
    with Hub(lab, TOKENS["alice"]) as hub:
        hub.create_repository("datasets/alice/people")
        spec = {"run": "true", "inputs": {"data": "hub://datasets/alice/people"}}
        private = {"noise": 2.0, "sampling_rate": 0.01, "steps": 100}
        run = hub.submit_run({**spec, "privacy": private}).id
    shown = alice("privacy", "show", "datasets/alice/people").out
    assert "budget  unlimited\nspent   0." in shown
    assert "holds for Poisson sampling" in shown
    assert f"{run}" in shown.splitlines()[-1]
    assert "budget  3\n" in alice("privacy", "budget", "datasets/alice/people", "--epsilon", "3").out
    found = alice("privacy", "show", "datasets/alice/people", "--json").json
    assert found["budget"] == {"epsilon": 3.0, "delta": 1e-5}
    assert 0 < found["epsilon"] < 1
    assert "unlimited" in alice("privacy", "budget", "hub://datasets/alice/people", "--unlimited").out


@pytest.mark.parametrize("words", [(), ("--epsilon", "1", "--unlimited")])
def test_a_budget_is_a_number_or_none(alice: Command, words: tuple[str, ...]) -> None:
    done = alice("privacy", "budget", "datasets/alice/people", *words)
    assert (done.code, "CG-1509" in done.err) == (1, True)
