"""The engine ``flower`` of the kind ``federated``: server 0 keeps Flower's SuperLink and leads, each worker is a site."""

import os
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

from commonground.compute.reporting import REPORT_FD
from commonground.errors import CommongroundError, FlowerFailed
from commonground.training.federated.flower import Flower
from commonground.training.rendezvous import Rendezvous, Table

REPORTS = "CG_FLOWER_REPORTS"
"""Environment variable with the pipe that the ServerApp writes its metrics to."""
ENDED = b"\n"
"""The line that says that the ServerApp did all it had to."""
ADDRESS, END = "flower", "flower.end"


def serve() -> None:
    """Keep the SuperLink, submit the app and wait for its end; :class:`FlowerFailed` where it did not do all."""
    host, token, home = os.environ["MASTER_ADDR"], os.environ["CG_PEER_TOKEN"], _home("server")
    flower, reports = Flower(home), _Reports(home / "reports")
    with (
        closing(Table(host, int(os.environ["MASTER_PORT"]), token)) as table,
        Rendezvous(f"{host}:{table.port}", token) as rendezvous,
        flower.superlink(host) as superlink,
    ):
        rendezvous.put(ADDRESS, superlink)
        with flower.run(superlink) as running:
            running.wait()
        rendezvous.put(END)
        if not reports.ended.wait(1.0):
            raise FlowerFailed(reason="its run ended before the last round; the log says why")
        rendezvous.gather("left", range(_workers()))


def site(rank: int) -> None:
    """Keep a SuperNode until the end; :class:`FlowerFailed` where it ends before."""
    with Rendezvous(
        f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}", os.environ["CG_PEER_TOKEN"]
    ) as rendezvous:
        superlink, end = rendezvous.get(ADDRESS), threading.Event()
        threading.Thread(target=_await_end, args=[rendezvous, end], daemon=True).start()
        with Flower(_home(f"site-{rank}")).supernode(superlink, rank) as supernode:
            while not end.wait(0.2):
                if supernode.poll() is not None:
                    raise FlowerFailed(reason=f"the SuperNode of site {rank} ended; the log says why")
        rendezvous.put(f"left.{rank}")


class _Reports:
    """What the ServerApp reports, handed on to the worker: metrics, and the last line."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        os.environ[REPORTS] = str(path)
        self.ended = threading.Event()
        threading.Thread(target=self._pass_on, args=[path.open("r+b", buffering=0)], daemon=True).start()

    def _pass_on(self, pipe: IO[bytes]) -> None:
        fd = os.environ.get(REPORT_FD)
        for line in pipe:
            if line == ENDED:
                self.ended.set()
            elif fd is not None:
                with suppress(OSError):
                    os.write(int(fd), line)


def _await_end(rendezvous: Rendezvous, end: threading.Event) -> None:
    with suppress(CommongroundError):  # the server is gone, and this process ends with the run
        rendezvous.get(END)
    end.set()


def _home(name: str) -> Path:
    return Path(os.environ["HOME"]) / f"flower-{name}"


def _workers() -> int:
    import msgspec

    workers: int = msgspec.json.decode(os.environ["CG_SPEC"])["resources"]["workers"]
    return workers
