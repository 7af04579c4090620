"""What happens when the machine fails: a full disk, a flipped byte, a signal, a second server."""

import hashlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bench.server import Server

from tests.system.conftest import User, file, pointer


def _server_of_alice(server: Server) -> User:
    headers = {"Authorization": "Bearer hf_aliceofthefaultyserveraliceofthefaulty"}
    token = headers["Authorization"].removeprefix("Bearer ")
    if not server.data.exists() or not any(server.data.iterdir()):
        server.command("admin", "create-user", "alice", "--data", str(server.data))
        server.command(
            "admin", "create-token", "alice", "--role", "write", "--value", token, "--data", str(server.data)
        )
    return User("alice", token, httpx.Client(base_url=server.url, headers=headers, timeout=60))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB that can be made larger."""
    target = tmp_path / "disk"
    target.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", target], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield target
    subprocess.run(["umount", "-l", target], check=True)


def test_a_full_disk_is_507_and_the_server_recovers(small_disk: Path) -> None:
    server = Server()
    server.data = small_disk / "data"
    alice = _server_of_alice(server)
    server.start()
    try:
        repository = alice.create("full")
        assert alice.commit(repository, file("kept.txt", b"kept")).status_code == 200
        statuses = []
        for number in range(20):
            answer = _upload(alice, repository, f"{number}.bin", os.urandom(1_000_000))
            statuses.append(answer.status_code)
            if answer.status_code != 200:
                break
        assert statuses[-1] == 507, answer.text
        assert answer.json()["code"] == "CG-1306"
        assert alice.http.get(f"/{repository}/resolve/main/kept.txt").content == b"kept"
        assert alice.http.get("/readyz").status_code == 200

        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        assert _upload(alice, repository, "after.bin", os.urandom(1_000_000)).status_code == 200
        assert alice.http.get(f"/{repository}/resolve/main/after.bin").status_code == 200
    finally:
        server.stop()
    report = json.loads(server.command("fsck", "--json", "--data", str(server.data)))
    assert report["problems"] == []


def _upload(user: User, repository: str, path: str, data: bytes) -> httpx.Response:
    oid = hashlib.sha256(data).hexdigest()
    batch = user.lfs_batch(repository, "upload", (oid, len(data)))
    if batch.status_code != 200:
        return batch
    action = batch.json()["objects"][0]["actions"]["upload"]
    put = httpx.put(action["href"], content=data, headers=action.get("header", {}), timeout=60)
    return put if put.status_code > 299 else user.commit(repository, pointer(path, oid, len(data)))


def test_a_flipped_byte_is_found_and_never_served(tmp_path: Path) -> None:
    server = Server()
    server.data = tmp_path / "data"
    alice = _server_of_alice(server)
    server.start()
    try:
        repository = alice.create("rot")
        data = os.urandom(300_000)
        alice.lfs_upload(repository, "rot.bin", data)
        server.stop()
        [xorb] = [path for path in (server.data / "store" / "xorbs").rglob("*") if path.is_file()]
        content = bytearray(xorb.read_bytes())
        content[len(content) // 2] ^= 1
        xorb.write_bytes(content)
        for cached in (server.data / "cache").rglob("*") if (server.data / "cache").exists() else ():
            if cached.is_file():
                cached.unlink()
        server.start()
        assert _got(alice, f"/{repository}/resolve/main/rot.bin") is None
    finally:
        server.stop()
    run = subprocess.run(
        [*_command(), "scrub", "--json", "--data", str(server.data)], capture_output=True, text=True, check=False
    )
    assert run.returncode != 0
    assert len(json.loads(run.stdout)["damaged"]) == 1


def _got(user: User, path: str) -> bytes | None:
    """The body, or None when the server failed loudly: an error status, or a connection cut before the end."""
    try:
        answer = user.http.get(path)
    except httpx.HTTPError:
        return None
    return answer.content if answer.status_code == 200 else None


def _command() -> list[str]:
    from bench.server import COMMAND

    return COMMAND


def test_sigterm_lets_a_request_finish_and_exits_0(tmp_path: Path) -> None:
    server = Server()
    server.data = tmp_path / "data"
    alice = _server_of_alice(server)
    server.start()
    repository = alice.create("drain")
    alice.lfs_upload(repository, "big.bin", os.urandom(30_000_000))
    got: list[int] = []

    def download() -> None:
        with httpx.stream(
            "GET", f"{server.url}/{repository}/resolve/main/big.bin", headers=alice.http.headers
        ) as answer:
            started.set()
            got.append(sum(len(part) for part in answer.iter_bytes()))

    started = threading.Event()
    reader = threading.Thread(target=download)
    reader.start()
    started.wait(10)
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    reader.join(30)
    assert process.wait(30) == 0
    assert got == [30_000_000]
    server._process = None


def test_two_servers_share_one_directory(tmp_path: Path) -> None:
    first, second = Server(), Server()
    first.data = second.data = tmp_path / "data"
    alice = _server_of_alice(first)
    first.start()
    second.start()
    try:
        other = User("alice", alice.token, httpx.Client(base_url=second.url, headers=alice.http.headers, timeout=60))
        repository = alice.create("shared")
        for number in range(10):
            writer = (alice, other)[number % 2]
            assert writer.commit(repository, file(f"{number}.txt", b"%d" % number)).status_code == 200
        for reader in (alice, other):
            tree = reader.http.get(f"/api/models/{repository}/tree/main").json()
            assert len([entry for entry in tree if entry["path"].endswith(".txt")]) == 10
    finally:
        first.stop()
        second.stop()
