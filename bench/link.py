"""A link of a known rate between two network namespaces of this machine (root, ``ip`` and ``tc`` are needed)."""

import os
import subprocess
import sys
from types import TracebackType
from typing import Self

GBIT = 125_000_000
"""Bytes a second."""


class Link:
    """Two hosts, ``near`` and ``far``, and ``rate`` bits a second between them, each way (a token bucket filter)."""

    address = "10.213.0.1"
    """Of the near host."""

    def __init__(self, rate: str = "1gbit") -> None:
        self._rate = rate
        self._names = [f"cg-{os.getpid()}-near", f"cg-{os.getpid()}-far"]

    def __enter__(self) -> Self:
        near, far = self._names
        _ip("netns", "add", near)
        _ip("netns", "add", far)
        _ip("link", "add", "cg0", "netns", near, "type", "veth", "peer", "name", "cg0", "netns", far)
        for index, name in enumerate(self._names, start=1):
            _ip("-n", name, "addr", "add", f"10.213.0.{index}/24", "dev", "cg0")
            _ip("-n", name, "link", "set", "cg0", "up")
            _ip("-n", name, "link", "set", "lo", "up")
            shape = ["tc", "qdisc", "add", "dev", "cg0", "root", "tbf", "rate", self._rate]
            _run(["ip", "netns", "exec", name, *shape, "burst", "256kb", "latency", "50ms"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._names:
            subprocess.run(["ip", "netns", "delete", name], check=False)

    def cut(self) -> None:
        """Nothing passes any more."""
        _ip("-n", self._names[0], "link", "set", "cg0", "down")

    def heal(self) -> None:
        """It passes again."""
        _ip("-n", self._names[0], "link", "set", "cg0", "up")

    def start(self, host: int, module: str, *arguments: object) -> "subprocess.Popen[str]":
        """Start a module of this interpreter on the near (0) or the far (1) host, its standard streams piped."""
        command = ["ip", "netns", "exec", self._names[host], sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)
