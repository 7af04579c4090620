"""The tutorials about training: every block runs, in order, as a reader would type it; those with a name become files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bench.server import COMMAND, Server

from commonground.samples import Skipped, prepare

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Language, name and text of each block."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def followed(name: str, folder: Path) -> str:
    """What a reader who does all of it sees; the server is started where the page says so."""
    server = Server()
    server.data = folder / "my-hub"
    scripts: list[list[str]] = [[]]
    for language, title, text in blocks(TUTORIAL / name):
        if title == "server":
            scripts.append([])
        elif language == "sh":
            scripts[-1].append(text.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"))
        elif title:
            (folder / title).write_text(text, encoding="utf-8")
        else:
            scripts[-1].append(f"'{sys.executable}' - <<'END'\n{text}END\n")
    before, after = scripts
    shown = shell(server, folder, before)
    server.start()
    try:
        return shown + shell(server, folder, after)
    finally:
        server.stop()


def shell(server: Server, folder: Path, script: list[str]) -> str:
    """What a script prints, on both streams."""
    head = ["set -eu", f"commonground() {{ '{sys.executable}' -c '{COMMAND[-1]}' \"$@\"; }}"]
    environment = server.client_environment() | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["bash", "-c", "\n".join([*head, *script])]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=150
    )
    assert result.returncode == 0, f"{result.stdout[-2000:]}\n{result.stderr[-6000:]}"
    return result.stdout + result.stderr


@pytest.mark.parametrize("name", ["parameter-server", "train-digits", "recommender"])
def test_the_chinese_page_has_the_same_blocks(name: str) -> None:
    assert blocks(TUTORIAL / f"{name}.zh-CN.md") == blocks(TUTORIAL / f"{name}.md")


def test_a_parameter_server_in_ten_steps(tmp_path: Path) -> None:
    shown = followed("parameter-server.md", tmp_path)
    assert str(["0.665"] * 10) in shown
    assert "first-program" in shown


def test_training_on_digits_loses_a_worker_and_nothing_else(tmp_path: Path) -> None:
    [sample] = prepare(["digits"])
    if isinstance(sample, Skipped):
        pytest.skip(f"no digits: {sample.reason}")
    shown = followed("train-digits.md", tmp_path)
    [accuracy] = re.findall(r"accuracy.*?(0\.\d+)", shown)
    assert float(accuracy) > 0.94
    assert "all processes are started again" in shown


def test_a_recommender_learns_more_than_means(tmp_path: Path) -> None:
    [sample] = prepare(["movielens-100k"])
    if isinstance(sample, Skipped):
        pytest.skip(f"no ratings: {sample.reason}")
    shown = followed("recommender.md", tmp_path)
    assert "films for the first user:" in shown
    last = re.findall(r"rmse.*?(\d\.\d+)", shown)[-1]
    assert 0.8 < float(last) < 0.93
