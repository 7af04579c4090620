"""Runs and lineage, as methods of the hub."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from commonground.errors import ServerUnreachable
from commonground.gateways.native import wire, wire_runs
from commonground.sdk.accounts import lines
from commonground.sdk.address import Address
from commonground.sdk.transport import Transport, repository_path

RUNS = f"{wire.API}/runs"
RECONNECT_SECONDS = 1.0
TRIES = 10

T = TypeVar("T")
Q = TypeVar("Q", wire_runs.LogQuery, wire_runs.MetricLogQuery)


class RunMethods:
    """Executing, following and tracing runs. A specification is plain data: what its YAML stands for."""

    _transport: Transport

    def submit_run(
        self,
        spec: Mapping[str, Any],
        *,
        labels: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> wire_runs.Run:
        """Queue a run; its inputs are pinned to the commits they are now. ``secrets`` are kept encrypted, for what its
        environment names: ``{"TOKEN": {"secret": "token"}}``.
        """
        asked = wire_runs.SubmitRun(spec=dict(spec), labels=dict(labels or {}), secrets=dict(secrets or {}))
        return self._transport.call(wire_runs.Run, "POST", RUNS, body=asked)

    def list_runs(
        self,
        state: wire_runs.State | None = None,
        *,
        kind: str = "",
        parent: int | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Iterator[wire_runs.Run]:
        """The caller's runs, newest first; an administrator's list has everybody's. ``parent``: the trials of a search."""
        label = tuple(f"{key}={value}" for key, value in (labels or {}).items())
        query = wire_runs.RunQuery(state=state, kind=kind, parent=parent, label=label)
        return self._transport.pages(wire_runs.Run, RUNS, query)

    def get_run(self, run: int) -> wire_runs.Run:
        """A run, with what it read, what it made and what it cost."""
        return self._transport.call(wire_runs.Run, "GET", f"{RUNS}/{run:d}")

    def cancel_run(self, run: int) -> wire_runs.Run:
        """End a run that waits or runs."""
        return self._transport.call(wire_runs.Run, "POST", f"{RUNS}/{run:d}/cancel")

    def resume_run(self, run: int) -> wire_runs.Run:
        """Queue a failed or cancelled run once more."""
        return self._transport.call(wire_runs.Run, "POST", f"{RUNS}/{run:d}/resume")

    def replay_run(self, run: int) -> wire_runs.Run:
        """Execute a run that succeeded once more; the ``verdict`` of the new run says whether it made the same bits."""
        return self._transport.call(wire_runs.Run, "POST", f"{RUNS}/{run:d}/replay")

    def list_run_metrics(self, run: int, keys: Sequence[str] = ()) -> Iterator[wire_runs.Metric]:
        """The values of a run's metrics, in the order they were reported."""
        query = wire_runs.MetricQuery(key=tuple(keys))
        return self._transport.pages(wire_runs.Metric, f"{RUNS}/{run:d}/metrics", query)

    def list_run_logs(self, run: int, *, after: int = 0, follow: bool = True) -> Iterator[wire_runs.LogBlock]:
        """Blocks of lines of a run's log; with ``follow`` until the run has ended, through broken connections."""
        path = f"{RUNS}/{run:d}/logs"
        found = self._followed(path, wire_runs.LogQuery(follow=follow), wire_runs.LogBlock, after)
        return (block for _, block in found)

    def follow_run_metrics(self, run: int, *, after: int = 0, follow: bool = True) -> Iterator[wire_runs.Metric]:
        """The values of a run's metrics as they are reported, until it has ended, through broken connections."""
        path = f"{RUNS}/{run:d}/metrics/stream"
        found = self._followed(path, wire_runs.MetricLogQuery(follow=follow), wire_runs.Metric, after)
        return (point for _, point in found)

    def _followed(self, path: str, query: Q, kind: type[T], after: int) -> Iterator[tuple[int, T]]:
        """The items of a stream with their places, which is taken up again behind the last one where it broke."""
        tries = 0
        while True:
            try:
                for place, item in self._items(path, msgspec.structs.replace(query, after=after), kind):
                    if item is None:
                        return
                    after, tries = place, 0
                    yield place, item
            except ServerUnreachable:
                if tries >= TRIES:
                    raise
            tries += 1
            time.sleep(RECONNECT_SECONDS)

    def _items(self, path: str, query: msgspec.Struct, kind: type[T]) -> Iterator[tuple[int, T | None]]:
        """The items of one connection, and ``None`` where it says that there are no more."""
        place, decode = 0, msgspec.json.Decoder(kind).decode
        with self._transport.stream(path, query=query) as response:
            for line in lines(response.iter_bytes()):
                if line.startswith(b"id: "):
                    place = int(line.removeprefix(b"id: "))
                elif line == b"event: end":
                    yield place, None
                elif line.startswith(b"data: "):
                    yield place, decode(line.removeprefix(b"data: "))

    def get_lineage(self, repository: str | Address, *, revision: str | None = None, depth: int = 3) -> wire_runs.Graph:
        """The runs and revisions before and after a revision (default: the default branch)."""
        address = Address.of(repository).at(revision)
        query = wire_runs.LineageQuery(revision=address.revision, depth=depth)
        return self._transport.call(wire_runs.Graph, "GET", repository_path(address, "lineage"), query=query)
