"""Faults injected into real training runs: how many runs end with the right model, and how soon training goes on."""

import itertools
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.report import Row, row
from bench.server import TOKEN, USER, Server
from commonground.gateways.native.wire_runs import Run
from commonground.sdk.hub import Hub

PROGRAM = '''
"""Least squares on 96 rows; a step takes ``options.program.seconds`` at least."""
import time

import numpy as np

from commonground.training.adapters.numpy import NumpyProgram


def build(context):
    random = np.random.default_rng(7)
    x = random.normal(size=(96, 8)).astype(np.float32)
    y = x @ random.normal(size=8).astype(np.float32)
    seconds = context.options.get("program", {}).get("seconds", 0)

    def loss(parameters, batch):
        time.sleep(seconds)
        error = batch["x"] @ parameters["w"] - batch["y"]
        return float(np.mean(error**2)), {"w": 2 * batch["x"].T @ error / len(error)}

    def evaluate(parameters):
        return {"error": float(np.mean((x @ parameters["w"] - y) ** 2))}

    return NumpyProgram({"w": np.zeros(8)}, loss, {"x": x, "y": y}, evaluate=evaluate)
'''
FAULTS, STEPS, SECONDS = 100, 60, 0.02
PATIENCE = 120.0
SPECIFICATION: Mapping[str, Any] = {
    "name": "faults",
    "entry": "program:build",
    "inputs": {"code": f"hub://{USER}/code"},
    "outputs": {"model": f"hub://{USER}/model"},
    "resources": {"workers": 2, "servers": 2, "cpus": 0.1},
    "fault": {"max_restarts": 5, "heartbeat": "2s"},
    "options": {"steps": STEPS, "batch": 8, "checkpoint_every": 10, "program": {"seconds": SECONDS}},
    "ps": {"lr": 0.05},
    "seed": 7,
}
LARGEST_ERROR = 0.01
"""Of a model that counts as right in an asynchronous run; before training it is 10."""


def process_of(processes: Callable[[], list[psutil.Process]], run: int, role: str, rank: int) -> int:
    """The process id of a role's rank, once there is one among ``processes``."""
    wanted = {"CG_RUN": str(run), "CG_ROLE": role, "RANK": str(rank)}
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        for found in processes():
            if _matches(found, wanted):
                return int(found.pid)
        time.sleep(0.01)
    raise RuntimeError(f"run {run} has no {role} {rank}")


def _matches(found: psutil.Process, wanted: Mapping[str, str]) -> bool:
    try:
        return "commonground.compute.kinds" in found.cmdline()[:4] and wanted.items() <= found.environ().items()
    except psutil.Error:
        return False


def fill_disk(checkpoint: Path, step: int, shards: int) -> None:
    """Let the next snapshot of a step find no space: what is written there ends on a device that is full."""
    folder = checkpoint / f"step-{step:012d}"
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(shards):
        (folder / f"shard-{shard}-of-{shards}.partial").symlink_to("/dev/full")


def damage(checkpoint: Path) -> None:
    """Change the end of the newest snapshot of shard 1."""
    newest = max(checkpoint.glob("step-*/shard-1-*.safetensors"))
    newest.write_bytes(newest.read_bytes()[:-3] + b"bad")


@dataclass(frozen=True)
class Outcome:
    """What became of a run with one fault; ``recovery`` is the longest pause after it, ``None`` where nothing was lost."""

    fault: str
    kind: str
    right: bool
    recovery: float | None
    log: str


class Campaign:
    """A server, and runs on it that something happens to."""

    def __init__(self, server: Server, hub: Hub) -> None:
        self.server, self.hub = server, hub
        for name in ("code", "model"):
            hub.create_repository(f"{USER}/{name}")
        hub.upload_file(f"{USER}/code/program.py", PROGRAM.encode())
        self._expected = self._model(self._ended(self._submit("ps-sync", seconds=0)))

    def inject(self, fault: str, kind: str) -> Outcome:
        """One run with one fault."""
        run = self._submit(kind, SECONDS)
        self._reach(run, STEPS // 3)
        struck = _now()
        lost = getattr(self, f"_{fault.replace(' ', '_')}")(run)
        ended = self._ended(run)
        recovery = self._longest_pause(run, struck) if lost else None
        log = "".join(block.text for block in self.hub.list_run_logs(run.id, follow=False))
        right = ended.state == "succeeded" and self._is_right(ended, kind)
        return Outcome(fault, kind, right, recovery, log)

    def _kill_worker(self, run: Run) -> bool:
        return self._signal(run, "worker", 1, signal.SIGKILL)

    def _kill_first_worker(self, run: Run) -> bool:
        return self._signal(run, "worker", 0, signal.SIGKILL)

    def _freeze_worker(self, run: Run) -> bool:
        return self._signal(run, "worker", 1, signal.SIGSTOP)

    def _kill_server(self, run: Run) -> bool:
        return self._signal(run, "server", 1, signal.SIGKILL)

    def _kill_first_server(self, run: Run) -> bool:
        return self._signal(run, "server", 0, signal.SIGKILL)

    def _full_disk(self, run: Run) -> bool:
        fill_disk(self._checkpoint(run), STEPS - 20, 2)
        return False

    def _damaged_checkpoint(self, run: Run) -> bool:
        damage(self._checkpoint(run))
        return self._signal(run, "worker", 1, signal.SIGKILL)

    def _kill_coordinator(self, run: Run) -> bool:
        self.server.kill()
        self.server.start()
        return True

    def _signal(self, run: Run, role: str, rank: int, number: signal.Signals) -> bool:
        os.kill(process_of(self.server.processes, run.id, role, rank), number)
        return True

    def _checkpoint(self, run: Run) -> Path:
        return self.server.data / "runs" / str(run.id) / "checkpoint"

    def _submit(self, kind: str, seconds: float) -> Run:
        options = {**SPECIFICATION["options"], "program": {"seconds": seconds}}
        return self.hub.submit_run({**SPECIFICATION, "kind": kind, "options": options})

    def _reach(self, run: Run, step: int) -> None:
        _until(lambda: max((at for at, _ in self._losses(run)), default=0) >= step)

    def _longest_pause(self, run: Run, since: int) -> float:
        """The longest time between two reports of progress, from the last one before ``since`` on, in seconds."""
        times, furthest = [], 0
        for step, when in self._losses(run):
            if step > furthest:
                furthest = step
                times.append(when)
        first = max((index for index, when in enumerate(times) if when <= since), default=0)
        return max((after - before) / 1000 for before, after in itertools.pairwise(times[first:]))

    def _losses(self, run: Run) -> list[tuple[int, int]]:
        return [(point.step, point.time) for point in self.hub.list_run_metrics(run.id, ["loss"])]

    def _ended(self, run: Run) -> Run:
        _until(lambda: self.hub.get_run(run.id).state not in {"queued", "running"})
        return self.hub.get_run(run.id)

    def _model(self, run: Run) -> bytes:
        return self.hub.read_file(f"{USER}/model@{run.outputs[0].commit}/model.safetensors")

    def _is_right(self, run: Run, kind: str) -> bool:
        if kind == "ps-sync":  # the bits of the run nothing happened to
            return self._model(run) == self._expected
        errors = [point.value for point in self.hub.list_run_metrics(run.id, ["error"])]
        return errors[-1] < LARGEST_ERROR


KINDS = ("ps-sync", "ps-async")
ROUND = (
    "kill worker",
    "kill server",
    "freeze worker",
    "full disk",
    "damaged checkpoint",
    "kill first worker",
    "kill first server",
)
RARE = "kill coordinator"
"""Takes as long as the lease: one in ten."""


def schedule(faults: int) -> Iterator[tuple[str, str]]:
    """Which fault happens to a run of which kind."""
    common = itertools.cycle(itertools.product(ROUND, KINDS))
    for number in range(faults):
        yield (RARE, KINDS[number // 10 % 2]) if number % 10 == 9 else next(common)


def outcomes(faults: int, chosen: Iterator[tuple[str, str]] | None = None) -> Iterator[Outcome]:
    """Inject so many faults, one a run."""
    with FaultyServer() as server, Hub(server.url, TOKEN) as hub:
        campaign = Campaign(server, hub)
        for fault, kind in itertools.islice(chosen or schedule(faults), faults):
            yield campaign.inject(fault, kind)


class FaultyServer(Server):
    """A server whose users may execute, with room for many processes."""

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"CG_RUNS_BY": "users", "CG_RUN_CPUS": "64"}


def measure() -> list[Row]:
    """The campaign: the share of runs that end with the right model, and the recovery from killed and frozen workers."""
    found = []
    for number, outcome in enumerate(outcomes(FAULTS), 1):
        found.append(outcome)
        recovery = "" if outcome.recovery is None else f"  {outcome.recovery:.2f} s"
        print(
            f"{number:4} {outcome.fault:20} {outcome.kind:9} {'right' if outcome.right else 'WRONG'}{recovery}",
            flush=True,
        )
        if not outcome.right:
            sys.stderr.write(outcome.log)
    recoveries = {fault: [o.recovery for o in found if o.fault == fault and o.recovery is not None] for fault in ROUND}
    peers = {fault.replace(" ", "_"): statistics.median(times) for fault, times in recoveries.items() if times}
    return [
        row(
            "faults_survived",
            [float(np.mean([outcome.right for outcome in found]))],
            "ratio",
            "higher",
            {"faults": len(found)},
        ),
        row("worker_kill_recovery_s", recoveries["kill worker"] + recoveries["kill first worker"], "s", "lower", peers),
    ]


def _until(reached: Callable[[], Any]) -> Any:
    give_up = time.monotonic() + PATIENCE
    while not (found := reached()):
        if time.monotonic() > give_up:
            raise RuntimeError("the run does not go on")
        time.sleep(0.02)
    return found


def _now() -> int:
    return time.time_ns() // 1_000_000
