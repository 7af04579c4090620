"""What the project is compared with: each peer a script, run by the interpreter of an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

from bench import clients

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "commonground" / "peers"
REQUIREMENTS = {"compute": ["torch==2.13.0", "ray==2.60.0", "pyarrow==26.0.0", "numpy>=2.2,<3"]}
"""Packages of each environment, installed on first use."""


def run(area: str, script: str, *arguments: object) -> float:
    """The figure that ``bench/peers/SCRIPT.py`` prints."""
    command = [str(_interpreter(area)), "-W", "ignore", str(Path(__file__).with_name(f"{script}.py"))]
    quiet = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0", "GLOO_SOCKET_IFNAME": "lo"}
    _, output = clients.run([*command, *map(str, arguments)], quiet)
    return float(output.strip().splitlines()[-1])


def _interpreter(area: str) -> Path:
    python = CACHE / area / "bin" / "python"
    done = CACHE / area / "installed.txt"
    wanted = "\n".join(REQUIREMENTS[area])
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / area)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS[area]], check=True)
        done.write_text(wanted)
    return python
