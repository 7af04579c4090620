"""The types of runs in /api/cg/v1. Times are UTC milliseconds, commits 40 hex digits."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from commonground.accounts.model import RepositoryKind
from commonground.compute.runs.model import Graph, LogBlock, Point, State
from commonground.gateways.native.wire import MOST

__all__ = ["Graph", "LineageQuery", "LogBlock", "LogQuery", "Metric", "MetricQuery", "Point", "Run", "RunLink",
           "RunQuery", "State", "SubmitRun"]  # fmt: skip


class SubmitRun(msgspec.Struct, frozen=True, kw_only=True):
    """A specification, as the plain data its YAML stands for."""

    spec: dict[str, Any]


class RunQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list, newest first."""

    state: Annotated[State | None, Meta(description="Only those in this state.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 50
    cursor: Annotated[int, Meta(ge=0, le=MOST, description="`next` of the page before.")] | None = None


class RunLink(msgspec.Struct, frozen=True, kw_only=True):
    """An input or an output. ``commit`` is ``null`` until the run has published it; ``repository`` once it is deleted."""

    name: str
    kind: RepositoryKind | None = None
    repository: str | None = None
    commit: str | None = None
    path: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run. ``spec`` is what was submitted, with its defaults and its inputs pinned; ``environment`` what the last
    attempt ran in; ``cpu_seconds`` and the bytes are those of all attempts.
    """

    id: int
    name: str
    kind: str
    engine: str
    state: State
    owner: str
    spec: dict[str, Any]
    seed: int
    priority: int = 0
    attempt: int = 0
    last_attempt: int = 1
    worker: str | None = None
    environment: dict[str, Any] = {}
    exit_code: int | None = None
    error: str | None = None
    cpu_seconds: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0
    created_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    inputs: list[RunLink] = []
    outputs: list[RunLink] = []


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a log to send."""

    after: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Only blocks behind this number.")] = 0
    follow: Annotated[bool, Meta(description="Wait for what comes next, until the run has ended.")] = True


class MetricQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which values of metrics to list, in the order they were reported."""

    key: Annotated[tuple[str, ...], Meta(description="Only these metrics; may be repeated.")] = ()
    limit: Annotated[int, Meta(ge=1, le=10_000, description="Items of a page.")] = 1000
    cursor: Annotated[int, Meta(ge=0, le=MOST, description="`next` of the page before.")] | None = None


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a metric."""

    key: str
    step: int
    value: float
    time: int


class LineageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How far to look."""

    revision: Annotated[str, Meta(min_length=1, description="Default: the default branch.")] | None = None
    depth: Annotated[int, Meta(ge=1, le=20, description="Runs between the revision and what is shown.")] = 3
