"""The types of runs in /api/cg/v1. Times are UTC milliseconds, commits 40 hex digits."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from commonground.compute.runs import model
from commonground.compute.runs.model import Graph, LogBlock, Metric, Place, State
from commonground.gateways.native.wire import MOST

__all__ = ["Graph", "LineageQuery", "LogBlock", "LogQuery", "Metric", "MetricQuery", "Place", "Run", "RunQuery",
           "State", "SubmitRun"]  # fmt: skip


class SubmitRun(msgspec.Struct, frozen=True, kw_only=True):
    """A specification, as the plain data its YAML stands for; ``secrets`` are kept encrypted, and given to the processes
    as what its environment names: ``{"TOKEN": {"secret": "token"}}``.
    """

    spec: dict[str, Any]
    labels: model.Labels = msgspec.field(default_factory=dict)
    secrets: model.Secrets = msgspec.field(default_factory=dict)


class RunQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list, newest first."""

    state: Annotated[State | None, Meta(description="Only those in this state.")] = None
    kind: Annotated[str, Meta(max_length=96, description="Only those of this kind.")] = ""
    parent: Annotated[int, Meta(ge=1, le=MOST, description="Only the trials of this run.")] | None = None
    label: Annotated[
        tuple[str, ...], Meta(description="Only those with this label, `key=value`; may be repeated.")
    ] = ()
    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 50
    cursor: Annotated[int, Meta(ge=0, le=MOST, description="`next` of the page before.")] | None = None


class Run(model.RunFacts, frozen=True, kw_only=True):
    """A run. ``spec`` is what was submitted, with its defaults and its inputs pinned."""

    spec: dict[str, Any]
    inputs: tuple[Place, ...] = ()
    outputs: tuple[Place, ...] = ()


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a log to send."""

    after: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Only blocks behind this number.")] = 0
    follow: Annotated[bool, Meta(description="Wait for what comes next, until the run has ended.")] = True


class MetricLogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the metrics to send."""

    after: Annotated[int, Meta(ge=0, le=MOST, description="Only values behind this id.")] = 0
    follow: Annotated[bool, Meta(description="Wait for what comes next, until the run has ended.")] = True


class MetricQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which values of metrics to list, in the order they were reported."""

    key: Annotated[tuple[str, ...], Meta(description="Only these metrics; may be repeated.")] = ()
    limit: Annotated[int, Meta(ge=1, le=10_000, description="Items of a page.")] = 1000
    cursor: Annotated[int, Meta(ge=0, le=MOST, description="`next` of the page before.")] | None = None


class LineageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How far to look."""

    revision: Annotated[str, Meta(min_length=1, description="Default: the default branch.")] | None = None
    depth: Annotated[int, Meta(ge=1, le=20, description="Runs between the revision and what is shown.")] = 3


def metric(point: model.Point) -> Metric:
    """A value the way the API shows it."""
    return Metric(key=point.key, step=point.step, value=point.value, time=point.time)
