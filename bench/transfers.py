"""Throughput beside the raw tools: hf_xet writing to a directory, granian sending a file."""

import functools
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from itertools import count
from pathlib import Path

from bench import clients
from bench.report import Row, interleave, row
from bench.server import TOKEN, USER, Server

GB = 10**9

RAW_GRANIAN = """
import os
from granian import Granian
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    path = os.environ["BENCH_FILE"]
    size = str(os.path.getsize(path)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", size)]})
    await send({"type": "http.response.pathsend", "path": path})
if __name__ == "__main__":
    import sys
    Granian("__main__:app", port=int(sys.argv[1]), interface="asgi", log_level="error").serve()
"""


def upload() -> list[Row]:
    """``hf upload`` of 1 GB of random bytes against hf_xet writing the same to ``local://``."""
    with Server() as server:
        number = count()

        def ours() -> float:
            source = clients.random_file(server.root / f"up-{next(number)}", GB)
            environment = server.client_environment()
            command = [clients.hf(), "upload", f"{USER}/upload", str(source), source.name]
            seconds, _ = clients.run(command, environment)
            source.unlink()
            return seconds

        def peer() -> float:
            source = clients.random_file(server.root / f"raw-{next(number)}", GB)
            target = server.root / f"local-{source.name}"
            environment = server.client_environment()
            seconds, _ = clients.python(clients.LOCAL_UPLOAD, target, source, environment=environment)
            source.unlink()
            shutil.rmtree(target)
            return seconds

        mine, raw = interleave(ours, peer)
    return [ratio("xet_upload_ratio", mine, raw, "local")]


def download() -> list[Row]:
    """Download through Xet against hf_xet reading the same from ``local://``: the transfer of 4 GB, long enough that what
    the client does once (0.2 s to load certificates) does not decide; beside it ``hf download`` of 1 GB, start to exit.
    """
    transfer, _ = _downloads(4 * GB)
    _, command = _downloads(GB)
    return [ratio("xet_download_ratio", *transfer, "local"), ratio("hf_download_1gb_ratio", *command, "local")]


_Pair = tuple[list[float], list[float]]


def _downloads(size: int) -> tuple[_Pair, _Pair]:
    """Seconds of ours and of the peer: of the transfers alone, and of the commands."""
    with Server() as server:
        source = clients.random_file(server.root / "file.bin", size)
        clients.python(clients.HUB_UPLOAD, f"{USER}/down", source, "file.bin", environment=server.client_environment())
        local, target = server.root / "local", server.root / "got"
        _, text = clients.python(clients.LOCAL_UPLOAD, local, source, environment=server.client_environment())
        source.unlink()

        def ours() -> float:
            environment = server.client_environment()
            words = (f"{USER}/down", "file.bin", target)
            _, inside = clients.python(clients.HUB_DOWNLOAD, *words, environment=environment)
            shutil.rmtree(target)
            return float(inside)

        def command() -> float:
            words = [clients.hf(), "download", f"{USER}/down", "file.bin", "--local-dir", str(target)]
            seconds, _ = clients.run(words, server.client_environment())
            shutil.rmtree(target)
            return seconds

        def peer(*, whole: bool) -> float:
            environment = server.client_environment()
            seconds, inside = clients.python(
                clients.LOCAL_DOWNLOAD, local, *text.split(), target, environment=environment
            )
            target.unlink()
            return seconds if whole else float(inside)

        transfers = interleave(ours, lambda: peer(whole=False))
        commands = interleave(command, lambda: peer(whole=True))
    return transfers, commands


def plain_get() -> list[Row]:
    """GET of a warm 1 GB file against granian sending the same file with pathsend."""
    with Server() as server:
        source = clients.random_file(server.root / "file.bin", GB)
        clients.python(clients.HUB_UPLOAD, f"{USER}/get", source, "file.bin", environment=server.client_environment())
        script = server.root / "raw.py"
        script.write_text(RAW_GRANIAN)
        port = server.port + 1
        raw_server = subprocess.Popen([sys.executable, script, str(port)], env=os.environ | {"BENCH_FILE": str(source)})
        try:
            time.sleep(2)
            ours_url = f"{server.url}/{USER}/get/resolve/main/file.bin"
            fetch(ours_url), fetch(ours_url)
            server.wait_for_cache(GB)
            mine, raw = interleave(lambda: fetch(ours_url), lambda: fetch(f"http://127.0.0.1:{port}/"), times=5)
        finally:
            raw_server.terminate()
            raw_server.wait()
    return [ratio("plain_get_ratio", mine, raw, "granian")]


def big_file() -> list[Row]:
    """Largest memory of the server while a 5 GB file goes up and comes down."""
    with Server() as server:
        rounds = [_peaks_of_a_big_file(server, f"big-{turn}.bin") for turn in range(3)]
    highest = [max(peaks) for peaks in rounds]
    last = dict(zip(("upload", "xet", "plain"), rounds[-1], strict=True))
    return [row("big_file_rss_mb", highest, "MB", "lower", last)]


def _peaks_of_a_big_file(server: Server, name: str) -> list[float]:
    source = clients.random_file(server.root / name, 5 * GB)
    peaks = [_peak_while(server, functools.partial(step, server, source)) for step in _BIG_STEPS]
    source.unlink()
    return peaks


def _send_big(server: Server, source: Path) -> None:
    environment = server.client_environment()
    clients.python(clients.HUB_UPLOAD, f"{USER}/big", source, source.name, environment=environment)


def _receive_big(server: Server, source: Path) -> None:
    target = server.root / "big"
    environment = server.client_environment()
    clients.python(clients.HUB_DOWNLOAD, f"{USER}/big", source.name, target, environment=environment)
    shutil.rmtree(target)


def _receive_plain(server: Server, source: Path) -> None:
    fetch(f"{server.url}/{USER}/big/resolve/main/{source.name}")


_BIG_STEPS = (_send_big, _receive_big, _receive_plain)


def _peak_while(server: Server, work: Callable[[], None]) -> float:
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, sum(process.memory_info().rss for process in server.processes()) / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return peak


def fetch(url: str, *, signed: bool = False) -> float:
    """Seconds of a GET with the token, or of one whose address says who asks."""
    started = time.perf_counter()
    request = urllib.request.Request(url, headers={} if signed else {"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        while answer.read(2**20):
            pass
    return time.perf_counter() - started


def ratio(name: str, ours: list[float], peer: list[float], label: str) -> Row:
    """A row of how many times as fast as the peer we were, pair by pair."""
    ratios = [b / a for a, b in zip(ours, peer, strict=True)]
    return row(name, ratios, "ratio", "higher", {label: 1.0})
