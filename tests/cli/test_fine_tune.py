"""``commonground train fine-tune`` and ``Hub.fine_tune``: names become a specification."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonground.sdk.hub import Hub
from tests.cli.command import Command
from tests.sdk.live import TOKENS, running


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        running(tmp_path_factory.mktemp("lab"), runs_by="users", run_cpus=1) as found,
        Hub(found, TOKENS["alice"]) as hub,
    ):
        hub.create_repository("alice/base")
        hub.create_repository("datasets/alice/rows")
        yield found


@pytest.fixture
def alice(local: Command, monkeypatch: pytest.MonkeyPatch, lab: str) -> Command:
    monkeypatch.setenv("CG_ENDPOINT", lab)
    monkeypatch.setenv("CG_TOKEN", TOKENS["alice"])
    return local


def test_names_become_a_specification_and_the_output_a_private_repository(alice: Command, lab: str) -> None:
    words = [
        "train",
        "fine-tune",
        "alice/base",
        "alice/rows",
        "--output",
        "alice/tuned",
        "--task",
        "text-classification",
        "--method",
        "lora",
    ]
    numbers = [
        "--rank",
        "4",
        "--epochs",
        "2",
        "--text-column",
        "a",
        "--text-column",
        "b",
        "--workers",
        "2",
        "--seed",
        "9",
        "--detach",
        "--json",
    ]
    found = alice(*words, *numbers).json
    with Hub(lab, TOKENS["alice"]) as hub:
        spec = hub.cancel_run(found["id"]).spec
        assert hub.get_repository("alice/tuned").visibility == "private"
        commit = hub.list_refs("datasets/alice/rows").branches[0].commit
    assert (spec["kind"], spec["name"], spec["seed"], spec["resources"]["workers"]) == (
        "fine-tune",
        "fine-tune-base",
        9,
        2,
    )
    assert spec["inputs"]["data"] == f"hub://datasets/alice/rows@{commit}"
    assert spec["outputs"] == {"model": "hub://models/alice/tuned"}
    assert spec["options"] == {
        "task": "text-classification",
        "method": "lora",
        "epochs": 2,
        "text_column": ["a", "b"],
        "lora": {"rank": 4},
    }


def test_what_is_not_there_is_told_before_anything_is_queued(alice: Command) -> None:
    done = alice("train", "fine-tune", "alice/base", "alice/nothing", "--output", "alice/tuned", "--detach")
    assert (done.code, done.out) == (1, "")
    assert "CG-1201" in done.err


def test_a_worker_without_the_packages_says_which(lab: str, tmp_path: Path) -> None:
    with Hub(lab, TOKENS["alice"]) as hub:
        fault = {"max_restarts": 0}
        document = {
            "kind": "fine-tune",
            "inputs": {"model": "hub://alice/base", "data": "hub://datasets/alice/rows"},
            "outputs": {"model": "hub://alice/base"},
            "fault": fault,
        }
        run = hub.submit_run(document).id
        log = "".join(block.text for block in hub.list_run_logs(run))
        assert hub.get_run(run).state == "failed"
    assert "CG-1510" in log
    assert "commonground[fine-tune]" in log
