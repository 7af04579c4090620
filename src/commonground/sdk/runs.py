"""Runs and lineage, as methods of the hub."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from commonground.errors import ServerUnreachable
from commonground.gateways.native import wire, wire_runs
from commonground.sdk.accounts import lines
from commonground.sdk.address import Address
from commonground.sdk.transport import Transport, repository_path

RUNS = f"{wire.API}/runs"
RECONNECT_SECONDS = 1.0
TRIES = 10


class RunMethods:
    """Executing, following and tracing runs. A specification is plain data: what its YAML stands for."""

    _transport: Transport

    def submit_run(self, spec: Mapping[str, Any]) -> wire_runs.Run:
        """Queue a run; its inputs are pinned to the commits they are now."""
        return self._transport.call(wire_runs.Run, "POST", RUNS, body=wire_runs.SubmitRun(spec=dict(spec)))

    def list_runs(self, state: wire_runs.State | None = None) -> Iterator[wire_runs.Run]:
        """The caller's runs, newest first; an administrator's list has everybody's."""
        return self._transport.pages(wire_runs.Run, RUNS, wire_runs.RunQuery(state=state))

    def get_run(self, run: int) -> wire_runs.Run:
        """A run, with what it read, what it made and what it cost."""
        return self._transport.call(wire_runs.Run, "GET", f"{RUNS}/{run:d}")

    def cancel_run(self, run: int) -> wire_runs.Run:
        """End a run that waits or runs."""
        return self._transport.call(wire_runs.Run, "POST", f"{RUNS}/{run:d}/cancel")

    def resume_run(self, run: int) -> wire_runs.Run:
        """Queue a failed or cancelled run once more."""
        return self._transport.call(wire_runs.Run, "POST", f"{RUNS}/{run:d}/resume")

    def list_run_metrics(self, run: int, keys: Sequence[str] = ()) -> Iterator[wire_runs.Metric]:
        """The values of a run's metrics, in the order they were reported."""
        query = wire_runs.MetricQuery(key=tuple(keys))
        return self._transport.pages(wire_runs.Metric, f"{RUNS}/{run:d}/metrics", query)

    def list_run_logs(self, run: int, *, after: int = 0, follow: bool = True) -> Iterator[wire_runs.LogBlock]:
        """Blocks of lines of a run's log; with ``follow`` until the run has ended, through broken connections."""
        tries = 0
        while True:
            try:
                for block in self._logs(run, wire_runs.LogQuery(after=after, follow=follow)):
                    if block is None:
                        return
                    after, tries = block.number, 0
                    yield block
            except ServerUnreachable:
                if tries >= TRIES:
                    raise
            tries += 1
            time.sleep(RECONNECT_SECONDS)

    def _logs(self, run: int, query: wire_runs.LogQuery) -> Iterator[wire_runs.LogBlock | None]:
        """The blocks of one connection, and ``None`` where it says that there are no more."""
        with self._transport.stream(f"{RUNS}/{run:d}/logs", query=query) as response:
            for line in lines(response.iter_bytes()):
                if line == b"event: end":
                    yield None
                elif line.startswith(b"data: "):
                    yield msgspec.json.decode(line.removeprefix(b"data: "), type=wire_runs.LogBlock)

    def get_lineage(self, repository: str | Address, *, revision: str | None = None, depth: int = 3) -> wire_runs.Graph:
        """The runs and revisions before and after a revision (default: the default branch)."""
        address = Address.of(repository).at(revision)
        query = wire_runs.LineageQuery(revision=address.revision, depth=depth)
        return self._transport.call(wire_runs.Graph, "GET", repository_path(address, "lineage"), query=query)
