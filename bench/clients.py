"""Client work in processes of its own, so that its time and memory are not the server's."""

import os
import subprocess
import sys
import time
from pathlib import Path

LOCAL_UPLOAD = """
import sys, hf_xet
with hf_xet.XetSession().new_upload_commit(endpoint="local://" + sys.argv[1]) as commit:
    handle = commit.start_upload_file(sys.argv[2])
info = handle.result().xet_info
print(info.hash, info.file_size)
"""

LOCAL_DOWNLOAD = """
import sys, time, hf_xet
started = time.perf_counter()
with hf_xet.XetSession().new_file_download_group(endpoint="local://" + sys.argv[1]) as group:
    group.start_download_file(hf_xet.XetFileInfo(sys.argv[2], int(sys.argv[3])), sys.argv[4])
print(time.perf_counter() - started)
"""

HUB_UPLOAD = """
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo(sys.argv[1], exist_ok=True)
api.upload_file(path_or_fileobj=sys.argv[2], path_in_repo=sys.argv[3], repo_id=sys.argv[1])
"""

HUB_DOWNLOAD = """
import sys, time
from huggingface_hub import hf_hub_download
import hf_xet
started = time.perf_counter()
hf_hub_download(sys.argv[1], sys.argv[2], local_dir=sys.argv[3])
print(time.perf_counter() - started)
"""


def python(script: str, *arguments: str | Path, environment: dict[str, str] | None = None) -> tuple[float, str]:
    """Run a script in a new interpreter: (seconds, standard output)."""
    return run([sys.executable, "-c", script, *map(str, arguments)], environment)


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, str]:
    """Run a command: (seconds, standard output). A failure raises with its messages."""
    started = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    seconds = time.perf_counter() - started
    if result.returncode:
        raise RuntimeError(f"{command[:4]}: {result.stderr[-3000:]}")
    return seconds, result.stdout


def hf() -> str:
    """Path of the ``hf`` command beside this interpreter."""
    return str(Path(sys.executable).with_name("hf"))


def random_file(path: Path, size: int) -> Path:
    """A file of ``size`` random bytes, made once."""
    if not path.exists() or path.stat().st_size != size:
        with path.open("wb") as file:
            for _ in range(0, size, 2**24):
                file.write(os.urandom(2**24))
            file.truncate(size)
    return path
