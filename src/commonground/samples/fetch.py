"""Bring a pinned package into the cache with the package client of this Python, whatever registry that is set up for."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from commonground.samples.model import Fetched, Package, Skipped

Advance = Callable[[int], None]

TIMEOUT = 1800.0
POLL = 0.25
STALE = 24 * 3600.0
WORK_PREFIX = ".partial-"
PIP = (sys.executable, "-m", "pip")
RETRIES = 3  # at least one: only a retry that failed tells a registry out of reach from one without the package
OFFLINE = (
    "Retry(total=0",
    "Max retries exceeded",
    "Failed to connect",
    "Failed to resolve",
    "Unable to connect",
    "Read timed out",
    "ReadTimeoutError",
)
UNREACHABLE = "the package registry cannot be reached"
GONE = ("No matching distribution", "Could not find a version")


def ignore(_: int) -> None:
    """A progress callback that tells nobody."""


@dataclass(slots=True)
class PackageClient:
    """Downloads into `cache`; a package that is there with the right digest is not downloaded again.

    `arguments` are added to every download (`--index-url`, `--no-index --find-links`, ...); `command` is how the
    package client is started. Once the registry has turned out to be out of reach, no further download is tried.
    """

    cache: Path
    arguments: Sequence[str] = ()
    command: Sequence[str] = PIP
    timeout: float = TIMEOUT
    _unreachable: bool = field(default=False, init=False)

    def fetch(self, package: Package, advance: Advance = ignore) -> Fetched | Skipped:
        """The package's file, verified, or why it cannot be had. Never raises for what a registry or a disk does.

        `advance` is told the number of bytes that have arrived, about four times a second.
        """
        target = self.cache / package.filename
        try:
            if mismatch(target, package) is None:
                return Fetched(package, target, downloaded=False)
            if self._unreachable:
                return Skipped(package.name, UNREACHABLE)
            return self._fetch(package, target, advance)
        except OSError as error:
            return Skipped(package.name, f"the cache {self.cache} cannot be used: {error.strerror or error}")

    def _fetch(self, package: Package, target: Path, advance: Advance) -> Fetched | Skipped:
        target.unlink(missing_ok=True)
        with workspace(self.cache) as work:
            reason = self._download(package, Path(work), advance)
            arrived = Path(work) / package.filename
            reason = reason or mismatch(arrived, package)
            if reason is not None:
                return Skipped(package.name, reason)
            arrived.replace(target)
        return Fetched(package, target, downloaded=True)

    def _download(self, package: Package, work: Path, advance: Advance) -> str | None:
        """Run the client; the reason why it failed, or None. Its temporary files are kept inside `work` too."""
        log = work / "log"
        with log.open("wb") as sink:
            try:
                process = _start(self._arguments(package, work), work, sink)
            except OSError as error:
                return f"the package client cannot be started: {error.strerror or error}"
            code = _wait(process, work, package.size, advance, self.timeout)
        if code == 0:
            return None
        if code is None:
            return f"the download did not finish within {self.timeout:.0f} s"
        reason = explain(log.read_text(encoding="utf-8", errors="replace"), package)
        self._unreachable = reason == UNREACHABLE
        return reason

    def _arguments(self, package: Package, work: Path) -> list[str]:
        target = []
        if package.platform is not None and package.python is not None:
            target = ["--platform", package.platform, "--python-version", package.python, "--implementation", "cp"]
        fixed = ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input", "--disable-pip-version-check"]
        return [
            *self.command, "download", *fixed, "--progress-bar", "off", "--retries", str(RETRIES), "--dest", str(work),
            *target, *self.arguments, package.requirement,
        ]  # fmt: skip


def workspace(cache: Path) -> tempfile.TemporaryDirectory[str]:
    """A fresh folder inside the cache; what a killed process left there more than a day ago is removed."""
    cache.mkdir(parents=True, exist_ok=True)
    for left in cache.glob(f"{WORK_PREFIX}*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > STALE:
                shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=cache, ignore_cleanup_errors=True)


def mismatch(path: Path, package: Package) -> str | None:
    """Why a file is not the pinned one, or None if it is."""
    if not path.is_file():
        return f"the registry has another file than {package.filename}"
    size = path.stat().st_size
    if size != package.size:
        return f"{package.filename} has {size:,} bytes instead of {package.size:,}"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return None if digest == package.sha256 else f"{package.filename} has the wrong SHA-256 {digest[:12]}"


def explain(log: str, package: Package) -> str:
    """What the package client's output means, in one line."""
    if "No module named pip" in log:
        return "this Python has no pip; `python -m ensurepip` installs it"
    if any(mark in log for mark in OFFLINE):
        return UNREACHABLE
    if any(mark in log for mark in GONE):
        return f"the registry has no {package.requirement} (any more)"
    errors = [line.removeprefix("ERROR: ").strip() for line in log.splitlines() if line.startswith("ERROR: ")]
    last = errors[-1] if errors else (log.strip().splitlines() or ["it said nothing"])[-1].strip()
    return f"the package client failed: {last[:200]}"


def _start(command: Sequence[str], work: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TMPDIR": str(work), "TEMP": str(work), "TMP": str(work)}
    return subprocess.Popen(  # noqa: S603  every argument comes from the catalogue or the caller
        command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
    )


def _wait(process: subprocess.Popen[bytes], work: Path, size: int, advance: Advance, timeout: float) -> int | None:
    """The exit code, or None after `timeout` seconds, when the process is ended."""
    deadline = time.monotonic() + timeout
    try:
        while time.monotonic() < deadline:
            try:
                return process.wait(POLL)
            except subprocess.TimeoutExpired:
                advance(min(size, _arrived(work)))
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _arrived(work: Path) -> int:
    """Bytes of the largest file below a folder that another process is writing to."""
    return max((_size(path) for path in work.rglob("*")), default=0)


def _size(path: Path) -> int:
    try:
        found = path.stat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
