"""``commonground replay`` against a real server with a worker."""

from pathlib import Path

from commonground.sdk.hub import Hub
from tests.cli.command import Command
from tests.cli.test_runs import alice, lab, spec
from tests.sdk.live import TOKENS

__all__ = ["alice", "lab"]


def test_replaying_from_the_command_line(alice: Command, lab: str, tmp_path: Path) -> None:
    with Hub(lab, TOKENS["alice"]) as hub:
        hub.create_repository("alice/replayed")
    text = "run: echo $CG_SEED > $CG_OUTPUT_M/file\nseed: 3\noutputs: {m: hub://alice/replayed}"
    run = str(alice("train", "run", spec(tmp_path, text), "--json").json["id"])
    done = alice("replay", run)
    assert (done.code, done.out) == (0, "bit-identical: 1 file\n")
    assert alice("replay", run, "--json").json["verdict"]["identical"] is True
    assert alice("replay", run, "--detach", "--json").json["replay_of"] == int(run)


def test_what_differs_fails_the_command(alice: Command, lab: str, tmp_path: Path) -> None:
    with Hub(lab, TOKENS["alice"]) as hub:
        hub.create_repository("alice/when")
    text = "run: date +%N > $CG_OUTPUT_M/when\noutputs: {m: hub://alice/when}"
    run = str(alice("train", "run", spec(tmp_path, text), "--json").json["id"])
    done = alice("replay", run)
    assert done.code == 1
    assert done.out == "1 of 1 files differ\n  m/when: other content\n"
    assert done.err.splitlines()[-1].startswith("CG-1820")


def test_metrics_are_followed_on_the_command_line(alice: Command, tmp_path: Path) -> None:
    text = """run: echo '{"key":"loss","value":0.5,"step":2}' >&3"""
    run = str(alice("train", "run", spec(tmp_path, text), "--json").json["id"])
    assert alice("runs", "watch", run).out == "loss\t2\t0.5\n"
    assert alice("runs", "watch", run, "--key", "other").out == ""
