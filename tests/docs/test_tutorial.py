"""Every command of the tutorial runs, in order, as a reader would type it."""

import os
import re
import subprocess
import sys
from pathlib import Path

from bench.server import COMMAND, Server

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-steps.md"


def _blocks(page: Path = PAGE) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+(?: \w+)?)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_chinese_page_has_the_same_commands() -> None:
    assert _blocks(PAGE.with_name("first-steps.zh-CN.md")) == _blocks()


def test_the_first_steps(tmp_path: Path) -> None:
    server = Server()
    server.data = tmp_path / "my-hub"
    script = ["set -eu", f"commonground() {{ '{sys.executable}' -c '{COMMAND[-1]}' \"$@\"; }}"]
    for kind, text in _blocks():
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        if kind == "sh":
            script.append(text)
        elif kind == "python":
            script.append(f"'{sys.executable}' - <<'END'\n{text}END\n")
    server.start()
    try:
        environment = server.client_environment() | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GIT_TERMINAL_PROMPT": "0",
            "HOME": str(tmp_path),
        }
        del environment["HF_TOKEN"]
        result = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    finally:
        server.stop()
    assert result.returncode == 0, result.stderr[-4000:]
    assert '{"hidden_size": 4}' in result.stdout
    assert "mit ['.gitattributes', 'README.md', 'config.json', 'weights.bin']" in result.stdout
    assert (tmp_path / "again" / "notes" / "two.txt").read_text() == "two\n"
