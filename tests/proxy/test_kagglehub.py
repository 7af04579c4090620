"""The unmodified ``kagglehub``, which calls ``localhost:7777`` and nothing else, through the forwarder."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proxy.conftest import HUBCONF, program
from tests.sdk.live import TOKENS

CODE = """
import sys, kagglehub
from pathlib import Path
folder = Path(sys.argv[1])
folder.mkdir()
(folder / "model.bin").write_bytes(bytes(range(256)) * 4096)
kagglehub.model_upload("alice/sent/pyTorch/base", str(folder))
back = Path(kagglehub.model_download("alice/sent/pyTorch/base"), "model.bin")
assert back.read_bytes() == (folder / "model.bin").read_bytes()
print("> " + Path(kagglehub.model_download("alice/tiny/pyTorch/default", "hubconf.py")).read_text())
"""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.xdist_group("port-7777")
@pytest.mark.skipif(not is_free(7777), reason="the one port kagglehub calls is taken on this machine")
def test_a_model_goes_up_and_comes_down_through_the_port_the_client_knows(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("kagglehub")
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment = clean | {
        "KAGGLE_API_ENVIRONMENT": "TEST",
        "KAGGLE_API_TOKEN": TOKENS["alice"],
        "HOME": str(tmp_path),
        "KAGGLEHUB_CACHE": str(tmp_path / "cache"),
        "TQDM_DISABLE": "1",
    }
    command = [sys.executable, "-W", "ignore", "-c", CODE, str(tmp_path / "folder")]
    with program("kaggle", "--hub", hub, port=7777):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"> {HUBCONF.decode()}" in done.stdout
