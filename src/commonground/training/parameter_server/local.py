"""A group of servers on this host, each a process of its own."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from commonground.errors import BadRequest, ParameterServerLost
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.configuration import Options, ShardConfiguration, split
from commonground.training.parameter_server.shared_memory import Segment

STOP_SECONDS = 5.0


class ParameterServer:
    """Servers that begin with ``weights`` (any shape, taken as flat float32) and update them with the workers' gradients.

    The servers end with this object, and with this process. Give workers
    :attr:`address` and :attr:`token`; :attr:`weights` shows the present weights, live. With ``snapshots`` (a folder) the newest
    complete snapshot is continued instead of ``weights``. ``ParameterServerLost`` if a server does not start.

    ::

        with ParameterServer(w, Options(optimizer=SGD(0.1))) as server, Worker(server.address, token=server.token) as worker:
            for _ in range(10):
                worker.gradient[:] = 2 * worker.weights / len(worker.weights)
                worker.push_pull()
    """

    def __init__(
        self,
        weights: npt.ArrayLike,
        options: Options | None = None,
        *,
        shards: int = 1,
        host: str = "127.0.0.1",
        ports: tuple[int, ...] = (),
        snapshots: Path | None = None,
    ) -> None:
        values = np.asarray(weights, np.float32).reshape(-1)
        self.options = options or Options()
        self._row = self.options.dimension or 1
        if len(values) % self._row:
            raise BadRequest(reason=f"{len(values)} weights are not rows of {self._row}")
        ranges = split(len(values) // self._row, shards)
        self.token = secrets.token_urlsafe(24)
        self._segment = Segment.create(len(values), self.options.workers)
        self.weights: Floats = self._segment.weights
        self.weights[:] = values
        self.processes: list[subprocess.Popen[str]] = []
        try:
            for configuration in self._configurations(ranges, host, ports, snapshots):
                self._start(configuration)
            self.address = ",".join([_address(process) for process in self.processes])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop the servers; :attr:`weights` stay as they are."""
        for process in self.processes:
            if process.stdin and not process.stdin.closed:
                process.stdin.close()
        for process in self.processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        self._segment.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _configurations(
        self, ranges: list[tuple[int, int]], host: str, ports: tuple[int, ...], snapshots: Path | None
    ) -> Iterator[ShardConfiguration]:
        for index, (start, stop) in enumerate(ranges):
            yield ShardConfiguration(
                options=self.options,
                size=len(self.weights),
                start=start * self._row,
                stop=stop * self._row,
                shard=index,
                shards=len(ranges),
                host=host,
                port=ports[index] if ports else 0,
                token=self.token,
                segment=self._segment.path,
                snapshots=str(snapshots or ""),
            )

    def _start(self, configuration: ShardConfiguration) -> None:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
            [sys.executable, "-m", __package__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self.processes.append(process)
        assert process.stdin
        process.stdin.write(msgspec.json.encode(configuration).decode() + "\n")
        process.stdin.flush()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise ParameterServerLost(reason="a server did not start; its reason is on standard error")
    return line.strip()
