"""Stands between a worker and one process of a run: ``python -I -S guard.py LINK REPORT COMMAND...``. Standard library only.

LINK is a socket to the worker, REPORT the pipe that becomes the command's file descriptor 3. ``T`` on the socket ends
the process politely, ``K`` or the socket's end (the worker is gone, however it died) kills it, with all it started. Then
one line of JSON tells the exit code and the CPU seconds. On Linux this process adopts what the command leaves behind, so
nothing outlives a run.
"""

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
REPORT = 3
TICK = 0.5


def main() -> None:
    """Run the command until it ends or the worker says so."""
    link = _arrange(int(sys.argv[1]), int(sys.argv[2]))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):  # not SIG_IGN: that, the command would inherit
        signal.signal(number, lambda *_: None)
    _adopt_orphans()
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    child = subprocess.Popen(sys.argv[3:], process_group=0, pass_fds=(REPORT,))  # noqa: S603
    for fd in (0, 1, 2, REPORT):  # the ends of pipes that are the command's alone: they end with it
        os.close(fd)
    code = _watch(child.pid, link, ended)
    _kill_rest(child.pid)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of orphans too: a container is one
    with suppress(OSError):
        link.sendall(json.dumps({"exit": code, "cpu": used.ru_utime + used.ru_stime}).encode())


def _arrange(link: int, report: int) -> socket.socket:
    """Put the report where every shell can write to it, and the line to the worker out of the way."""
    moved = fcntl.fcntl(link, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(link)
    os.dup2(report, REPORT)
    if report != REPORT:
        os.close(report)
    return socket.socket(fileno=moved)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _watch(child: int, link: socket.socket, ended: int) -> int:
    """Wait for the child, do what the worker says meanwhile; its exit code."""
    watched: list[socket.socket | int] = [link, ended]
    while True:
        ready, _, _ = select.select(watched, [], [], TICK)
        if link in ready:
            word = link.recv(1)
            _signal(child, signal.SIGTERM if word == b"T" else signal.SIGKILL)
            _signal(child, signal.SIGCONT)  # a stopped process hears nothing else
            watched = watched if word else [ended]
        if ended in ready:
            os.read(ended, 512)
        found, status = os.waitpid(-1, os.WNOHANG)
        while found not in {0, child}:  # an orphan: others may wait until it is gone
            found, status = os.waitpid(-1, os.WNOHANG)
        if found:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _kill_rest(group: int) -> None:
    """Everything the command left: its process group, then what it put into others."""
    _signal(group, signal.SIGKILL)
    for _ in range(1000):
        for pid in _children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()
