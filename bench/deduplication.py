"""What a small edit of a large file costs: bytes sent through Xet, bytes stored through LFS."""

import urllib.request
from pathlib import Path

from bench import clients
from bench.report import Row, row
from bench.requests import folder_size
from bench.server import USER, Server

SIZE = 100_000_000
INSERTED = 110


def insert() -> list[Row]:
    """Insert 110 bytes into the middle of a 100 MB file and upload it again from a fresh client."""
    sent, stored = [], []
    for _ in range(3):
        with Server() as server:
            source = clients.random_file(server.root / "file.bin", SIZE)
            edited = _edit(source)
            _upload(server, source, {})
            before = _received(server)
            _upload(server, edited, {})
            sent.append(_received(server) - before)
        with Server() as server:
            source = clients.random_file(server.root / "file.bin", SIZE)
            edited = _edit(source)
            _upload(server, source, {"HF_HUB_DISABLE_XET": "1"})
            before = folder_size(server.data / "store" / "xorbs")
            _upload(server, edited, {"HF_HUB_DISABLE_XET": "1"})
            stored.append(folder_size(server.data / "store" / "xorbs") - before)
    return [
        row("insert_xet_sent_bytes", sent, "bytes", "lower"),
        row("insert_lfs_stored_bytes", stored, "bytes", "lower"),
    ]


def _upload(server: Server, source: Path, extra: dict[str, str]) -> None:
    environment = server.client_environment() | extra
    clients.python(clients.HUB_UPLOAD, f"{USER}/edit", source, "file.bin", environment=environment)


def _edit(source: Path) -> Path:
    data = source.read_bytes()
    target = source.with_name("edited.bin")
    target.write_bytes(data[: SIZE // 2] + b"x" * INSERTED + data[SIZE // 2 :])
    return target


def _received(server: Server) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    prefix = 'commonground_uploaded_bytes_total{way="xet"}'
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(prefix))
