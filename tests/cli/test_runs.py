"""``commonground runs``, ``train run`` and ``lineage`` against a real server with a worker."""

from collections.abc import Iterator
from pathlib import Path

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


def spec(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text)
    return path


def test_a_run_from_the_command_line(alice: Command, lab: str, tmp_path: Path) -> None:
    with Hub(lab, TOKENS["alice"]) as hub:
        hub.create_repository("alice/made")
    text = """
    name: makes
    run: |
      echo working
      echo '{"key": "loss", "value": 0.5}' >&3
      echo content > $CG_OUTPUT_M/file
    outputs: {m: hub://alice/made}
    """
    done = alice("train", "run", spec(tmp_path, text), "--json")
    assert (done.json["state"], done.json["name"]) == ("succeeded", "makes")
    assert "working\n" in done.err
    run = str(done.json["id"])
    assert alice("runs", "list", "--json").json[0]["id"] == int(run)
    assert f"{run} makes" in alice("runs", "show", run).out
    assert alice("runs", "logs", run, "--follow").out == "working\n"
    assert alice("runs", "logs", run, "--json").json[0]["text"] == "working\n"
    assert alice("runs", "metrics", run, "--json").json[0]["value"] == 0.5
    assert f"run {run} (makes, succeeded) -> models/alice/made@" in alice("lineage", "alice/made").out
    assert len(alice("lineage", "alice/made", "--json").json["nodes"]) == 2


def test_a_run_that_fails_fails_the_command(alice: Command, tmp_path: Path) -> None:
    done = alice("train", "run", spec(tmp_path, "run: echo reason >&2; exit 4\nfault: {max_restarts: 0}"))
    assert done.code == 1
    assert "reason\n" in done.err
    assert done.err.splitlines()[-1].startswith("CG-1806")
    assert "exit code 4" in done.err.splitlines()[-1]


def test_detaching_cancelling_and_resuming(alice: Command, tmp_path: Path) -> None:
    run = alice("train", "run", spec(tmp_path, "run: sleep 1000"), "--detach", "--json").json["id"]
    assert alice("runs", "cancel", run, "--json").json["state"] == "cancelled"
    assert alice("runs", "resume", run, "--json").json["state"] in {"queued", "running"}
    assert "cancelled" in alice("runs", "cancel", run).out
    assert alice("runs", "resume", "999999").err.startswith("CG-1801")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rum: x", "did you mean run?"),
        ("[", "not YAML"),
        ("kind: no-such-kind\nrun: x", "CG-1805"),
        ("run: x\nengine: ray", "CG-1805"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(alice: Command, tmp_path: Path, text: str, reason: str) -> None:
    done = alice("train", "run", spec(tmp_path, text))
    assert done.code == 1
    assert done.out == ""
    assert reason in done.err
    assert len(done.err.splitlines()) == 1


def test_a_repository_no_run_touched(alice: Command, lab: str) -> None:
    with Hub(lab, TOKENS["alice"]) as hub:
        hub.create_repository("alice/untouched")
    assert "no run made it" in alice("lineage", "alice/untouched").out
