"""What processes write, on its way into the log: without secrets, in blocks, with metrics apart."""

import asyncio
import time
from collections.abc import Iterable
from typing import Literal

import msgspec

from commonground.compute.launchers.model import LogLine
from commonground.compute.runs.model import Claim, Point, Stream
from commonground.compute.runs.service import Runs
from commonground.database.clock import now_ms

FLUSH_BYTES = 64 * 2**10
FLUSH_POINTS = 500
MASK = "***"

_decode = msgspec.json.Decoder(Point).decode


class Redactor:
    """Replaces secrets in a stream of parts. What could be the beginning of one is held back until the next part."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._rest = ""

    def __call__(self, text: str, *, last: bool = False) -> str:
        """The next part without secrets; ``last``: nothing follows."""
        text = self._rest + text
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        kept = 0 if last else max((self._overlap(text, secret) for secret in self._secrets), default=0)
        self._rest = text[len(text) - kept :]
        return text[: len(text) - kept]

    @staticmethod
    def _overlap(text: str, secret: str) -> int:
        """How many characters at the end of ``text`` begin ``secret``."""
        return next((n for n in range(min(len(secret) - 1, len(text)), 0, -1) if text.endswith(secret[:n])), 0)


class Output:
    """Collects lines and stores them under the claim's lease. :class:`RunLost` from :meth:`flush` once that ended."""

    def __init__(self, runs: Runs, claim: Claim, secrets: Iterable[str], *, ranks: bool) -> None:
        self._runs, self._claim, self._ranks = runs, claim, ranks
        self._secrets = tuple(secrets)
        self._redactors: dict[tuple[str, str, int], Redactor] = {}
        self._texts: list[tuple[Stream, str]] = []
        self._points: list[Point] = []
        self._size = 0
        self._lock = asyncio.Lock()
        self.heard_at = time.monotonic()
        """When the processes last showed that they live (of the monotonic clock)."""

    async def take(self, line: LogLine) -> None:
        """Keep a line; stores what has gathered when it is much."""
        self.heard_at = time.monotonic()
        if line.stream == "report":
            self._report(line.data)
        else:
            self._log(line.stream, line)
        if self._size >= FLUSH_BYTES or len(self._points) >= FLUSH_POINTS:
            await self.flush()

    def say(self, text: str) -> None:
        """A line of the worker itself."""
        self._texts.append(("system", f"{Redactor(self._secrets)(text, last=True)}\n"))

    def _log(self, stream: Literal["stdout", "stderr"], line: LogLine) -> None:
        redact = self._redactors.setdefault((stream, line.role, line.rank), Redactor(self._secrets))
        text = redact(line.data.decode("utf-8", "replace"))
        if self._ranks and text:
            text = f"[{line.role} {line.rank}] {text}"
        self._texts.append((stream, text))
        self._size += len(text)

    def _report(self, data: bytes) -> None:
        try:
            point = _decode(data)
        except msgspec.DecodeError:
            return  # a heartbeat, or noise
        if -1e308 <= point.value <= 1e308:
            key = Redactor(self._secrets)(point.key.replace("\0", ""), last=True)
            self._points.append(Point(key=key, value=point.value, step=point.step, time=point.time or now_ms()))

    async def flush(self) -> None:
        """Store what has gathered."""
        async with self._lock:
            texts, self._texts, self._size = self._texts, [], 0
            points, self._points = self._points, []
            for stream, text in _joined(texts):
                await self._runs.append_log(self._claim, stream, text)
            await self._runs.append_metrics(self._claim, points)

    async def close(self) -> None:
        """Store the rest: nothing follows."""
        for (stream, _, _), redact in self._redactors.items():
            self._texts.append((stream, redact("", last=True)))  # type: ignore[arg-type]
        await self.flush()


def _joined(texts: Iterable[tuple[Stream, str]]) -> Iterable[tuple[Stream, str]]:
    """Neighbours of one stream as one text, in order."""
    current: Stream | None = None
    parts: list[str] = []
    for stream, text in texts:
        if stream != current and current is not None:
            yield current, "".join(parts)
            parts = []
        current = stream
        parts.append(text)
    if current is not None:
        yield current, "".join(parts)
