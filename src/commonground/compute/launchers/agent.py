"""Runs beside one process of a run, on whichever machine an engine put it: ``python -I -S agent.py ROOT NUMBER``. Standard
library only. NUMBER may name the environment variable that holds it; ``CG_FIRST`` is added to that.

The worker and its agents meet in the folder ROOT, which all of them see. ``ROOT/NUMBER/process.json`` says what to run.
The agent leaves its ``address`` there, waits for ``ROOT/places.json``, starts the command below a guard (``guard.py``,
beside this file) with its output going to files, and leaves ``ended.json``. ``ROOT/end`` asks for the end (``T``, then
``K``); what appears in ``ROOT/NUMBER/kill`` kills the process, which may then be
started again. ``ROOT/lease`` changes as long as the worker lives: when it stands still, the agent ends the process. With
``CG_TIED`` in the environment it also does when its standard input ends.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

TICK = 0.2
FINAL, RESTART = 78, "CG_RESTART"
PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""What local.py and model.py say of processes that are started again."""
STREAMS = ("stdout", "stderr", "report")
NO_MACHINE = ("192.0.2.1", 9)
"""An address nobody has: a socket that is to reach it says which of this machine's would be used. Nothing is sent."""


class Worker:
    """What the worker wants, read from the folder it shares with its agents."""

    def __init__(self, root: Path, silence: float) -> None:
        self._root, self._silence = root, silence
        self._seen, self._seen_at = b"", time.monotonic()
        self._tied = "CG_TIED" in os.environ
        self.asked = ""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ask("T"))

    def _ask(self, word: str) -> None:
        self.asked = max(self.asked, word, key=["", "T", "K"].index)

    def look(self) -> str:
        """``""``: go on, ``"T"``: end, ``"K"``: end at once, because the worker says so or gives no sign of life."""
        lease, now = read(self._root / "lease"), time.monotonic()
        if lease and lease != self._seen:
            self._seen, self._seen_at = lease, now
        elif now - self._seen_at > self._silence:
            self._ask("K")
        if self._tied and select.select([sys.stdin], [], [], 0)[0]:
            self._ask("K")
        self._ask((read(self._root / "end") or b"").decode())
        return self.asked


def main() -> None:
    """Run the process and say how it ended."""
    root, number = Path(sys.argv[1]), sys.argv[2]
    if not number.isdigit():
        number = str(int(os.environ[number]) + int(os.environ.get("CG_FIRST", "0")))
    own = root / number
    process = json.loads((own / "process.json").read_text())
    worker = Worker(root, process["silence"])
    write(own / "address", {"address": os.environ.get("CG_ADDRESS") or _address(), "port": _free_port()})
    places = _await_places(root, worker)
    ended = {"exit": 143, "cpu": 0.0, "restarts": 0}
    if places is not None:
        changed = places[number]
        environment = {**process["environment"], **changed["set"]}
        for name in changed["unset"]:
            environment.pop(name, None)
        ended = _persist(process, environment, own, worker)
    write(own / "ended.json", ended)


def _await_places(root: Path, worker: Worker) -> dict[str, Any] | None:
    """What the environment of each process has to say about where the others are; ``None`` when they never start."""
    while not worker.look():
        found = read(root / "places.json")
        if found:
            return dict(json.loads(found))
        time.sleep(TICK)
    return None


def _persist(process: dict[str, Any], environment: dict[str, str], own: Path, worker: Worker) -> dict[str, Any]:
    """Run the process, again where it fails and may be started again."""
    restarts, cpu = 0, 0.0
    while True:
        ended = _run(process, environment, own, worker)
        cpu += ended["cpu"]
        if ended["exit"] in (0, FINAL) or restarts == process["restarts"] or _pause(restarts, worker):
            return {"exit": ended["exit"], "cpu": cpu, "restarts": restarts}
        restarts += 1
        environment[RESTART] = str(int(environment.get(RESTART, "0")) + 1)


def _pause(restarts: int, worker: Worker) -> str:
    """Wait before the next start, none the first time, then longer each time; whether the worker wants the end."""
    until = time.monotonic() + min(restarts * PAUSE, LONGEST_PAUSE)
    while not worker.look() and time.monotonic() < until:
        time.sleep(TICK)
    return worker.asked


def _run(process: dict[str, Any], environment: dict[str, str], own: Path, worker: Worker) -> dict[str, Any]:
    ours, theirs = socket.socketpair()
    out, err, report = (os.open(own / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) for name in STREAMS)
    guard = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")), str(theirs.fileno()), str(report),
         *process["command"]],
        cwd=process["folder"], env={**environment, "CG_REPORT_FD": "3"}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=out, stderr=err, pass_fds=(theirs.fileno(), report),
    )  # fmt: skip
    theirs.close()
    for fd in (out, err, report):
        os.close(fd)
    text = _attend(ours, own / "kill", worker)
    guard.wait()
    ours.close()
    return dict(json.loads(text)) if text else {"exit": 137, "cpu": 0.0}


def _attend(link: socket.socket, kill: Path, worker: Worker) -> bytes:
    """Hand on to the guard what the worker asks for, until the guard has said how the process ended."""
    text, told, killed = b"", "", read(kill)
    while True:
        ready, _, _ = select.select([link], [], [], TICK)
        if ready:
            part = link.recv(4096)
            if not part:
                return text
            text += part
        asked = "K" if read(kill) != killed else worker.look()
        if asked != told:
            told = asked
            with suppress(OSError):
                link.send(asked.encode())


def read(path: Path) -> bytes | None:
    """The content of a file that may not be there."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def write(path: Path, content: object) -> None:
    """Put JSON into a file, whole or not at all."""
    draft = path.with_name(f".{path.name}")
    with draft.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _address() -> str:
    """Where other machines reach this one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(NO_MACHINE)
            return str(probe.getsockname()[0])
        except OSError:  # no way out of this machine
            return "127.0.0.1"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
