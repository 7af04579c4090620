"""``commonground conformance`` as a command."""

import json
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-c", "from commonground.cli.main import main; main()", "conformance"]


@pytest.mark.parametrize("protocol", ["oci", "huggingface"])
def test_it_scores_and_exits_with_one(protocol: str) -> None:
    words = ["http://127.0.0.1:9", "--protocol", protocol, "--repository", "a/b"]
    shown = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert "FAILED" in shown.stdout
    assert shown.stdout.splitlines()[-1].startswith(f"{protocol} at http://127.0.0.1:9: 0 of ")
    told = subprocess.run([*COMMAND, *words, "--json"], capture_output=True, text=True, check=False)
    report = json.loads(told.stdout)
    assert told.returncode == 1
    assert {"name", "section", "asks", "required", "state", "reason"} == report["outcomes"][0].keys()


@pytest.mark.parametrize(
    "words", [["ftp://x", "--protocol", "oci", "--repository", "a/b"], ["http://x", "--protocol", "gopher"]]
)
def test_arguments_that_make_no_sense(words: list[str]) -> None:
    run = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("CG-1509")
