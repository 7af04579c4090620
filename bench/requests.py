"""CPU time of the server per request, on kept-alive connections."""

import http.client
from pathlib import Path

from bench import clients
from bench.report import Row, row
from bench.server import TOKEN, USER, Server

REQUESTS = 3000


def cpu() -> list[Row]:
    """Server CPU of HEAD resolve and of model_info, in milliseconds."""
    with Server() as server:
        source = clients.random_file(server.root / "model.safetensors", 1_000_000)
        clients.python(clients.HUB_UPLOAD, f"{USER}/cpu", source, source.name, environment=server.client_environment())
        head = [_cost(server, "HEAD", f"/{USER}/cpu/resolve/main/model.safetensors") for _ in range(3)]
        info = [_cost(server, "GET", f"/api/models/{USER}/cpu") for _ in range(3)]
    return [row("head_resolve_cpu_ms", head, "ms", "lower"), row("model_info_cpu_ms", info, "ms", "lower")]


def process() -> list[Row]:
    """Time until the server is ready, and its memory when idle."""
    ready, memory = [], []
    for _ in range(3):
        with Server() as server:
            server.stop()
            server.start()
            ready.append(server.ready_seconds)
            memory.append(server.rss_mb())
    return [row("ready_s", ready, "s", "lower"), row("idle_rss_mb", memory, "MB", "lower")]


def _cost(server: Server, method: str, path: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def ask(times: int) -> None:
        for _ in range(times):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{method} {path}: {answer.status}")

    ask(300)
    before = server.cpu_seconds()
    ask(REQUESTS)
    return (server.cpu_seconds() - before) / REQUESTS * 1000


def folder_size(path: Path) -> int:
    """Bytes of all files below ``path``."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
