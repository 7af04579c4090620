"""Runs a plan on an engine: stage after stage, findings between them, everything put in place at the end."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from commonground.data.engines.engine import Engine
from commonground.data.execution.parcel import FILES, METRICS, REDUCED
from commonground.data.execution.planner import Plan, Planned
from commonground.data.execution.stage import Reduction, Task
from commonground.data.execution.task import Stored
from commonground.data.processors.processor import Findings, KeyedReduce
from commonground.data.rows import ORDINAL_BITS, decode
from commonground.data.sinks.sink import Part, Sink
from commonground.data.sketches.model import Sketch, merge
from commonground.data.sketches.model import decode as decode_metrics
from commonground.data.sources.source import Source, Split


@dataclass
class Result:
    """What a flow did: sketches by ``node.metric``, and files below ``root``."""

    root: Path
    metrics: dict[str, Sketch] = field(default_factory=dict)
    files: list[Stored] = field(default_factory=list)

    def of_kind(self, kind: str, name: str | None = None) -> list[Stored]:
        """Files of a kind in the order of the rows in them."""
        found = [one for one in self.files if one.kind == kind and name in (None, one.name)]
        return sorted(found, key=lambda one: (one.number, one.path))


@dataclass
class Numbered:
    """A split and its number in the flow."""

    number: int
    split: Split


class Driver:
    """One execution. ``root`` is a folder that every process of the engine sees; what is finished in it is not done again."""

    def __init__(self, plan: Plan, engine: Engine, root: Path) -> None:
        self.plan, self.engine, self.root = plan, engine, root
        self.result = Result(root)
        self._inputs: dict[str, list[Numbered]] = {}
        self._findings: dict[str, Findings] = {}
        self._keys: dict[str, list[Any]] = {}
        self._exchanged: dict[str, list[str]] = {}
        self._next = 0

    def run(self, approve: Callable[[Result], None] = lambda _: None) -> Result:
        """Everything but the last step, then ``approve``, which may raise; then the sinks put what was written in place."""
        for index, planned in enumerate(self.plan.stages):
            self._stage(planned, self.plan.stages[index + 1 :])
        approve(self.result)
        for name, sink in self.plan.components.items():
            if isinstance(sink, Sink):
                folder = self.root / "parts" / name
                folder.mkdir(parents=True, exist_ok=True)
                sink.finish(folder, [_part(one) for one in self.result.of_kind("part", name)])
        return self.result

    def _stage(self, planned: Planned, later: tuple[Planned, ...]) -> None:
        tasks = [
            Task(planned.stage, one.number, one.split, self.root, self._findings_of(planned, one.number))
            for name in planned.reads
            for one in self._input(name)
        ]
        given = self.engine.map(tasks)
        self._take(given)
        node = planned.reduces
        if node is None:
            return
        self._keys.setdefault(node, []).append(given)
        self._exchanged.setdefault(node, []).extend(task.digest for task in tasks)
        if not any(other.reduces == node for other in later):  # the last of its inputs
            self._exchange(planned, node)

    def _exchange(self, planned: Planned, node: str) -> None:
        assert planned.stage.keys
        component, partitions = planned.stage.keys.component, planned.stage.keys.partitions
        inputs = hashlib.sha256("".join(self._exchanged[node]).encode()).hexdigest()
        reduction = Reduction(f"{node} exchange", node, component, partitions, self._next, self.root, inputs)
        reduced = self.engine.exchange(self._keys.pop(node), reduction)
        if isinstance(component, KeyedReduce):
            self._next += partitions
            self._take(reduced)
        else:
            tables = (decode(content) for content in self.engine.collect(reduced, REDUCED))
            self._findings[node] = component.find(tables)

    def _take(self, given: Any) -> None:
        """Metrics and files of what ran."""
        self.result.metrics = merge([self.result.metrics, *map(decode_metrics, self.engine.collect(given, METRICS))])
        for content in self.engine.collect(given, FILES):
            files = msgspec.json.decode(content, type=list[Stored])
            self.result.files += files
            for one in files:
                if one.kind == "rows" and one.rows:
                    split = Split(path=one.path, identity=one.path)
                    self._inputs.setdefault(one.name, []).append(Numbered(one.number, split))

    def _input(self, name: str) -> list[Numbered]:
        source = self.plan.components.get(name)
        if isinstance(source, Source) and name not in self._inputs:
            splits = source.splits()
            self._inputs[name] = [Numbered(self._next + index, split) for index, split in enumerate(splits)]
            self._next += len(splits)
        return sorted(self._inputs.get(name, []), key=lambda one: (one.number, one.split.path))

    def _findings_of(self, planned: Planned, number: int) -> dict[str, Findings]:
        return {node: _of_task(self._findings[node], number) for node in planned.applies}


def _of_task(findings: Findings, number: int) -> Findings:
    """Those of the rows of one task."""
    start, stop = np.searchsorted(findings.rows, [number << ORDINAL_BITS, (number + 1) << ORDINAL_BITS])
    part = slice(int(start), int(stop))
    return Findings(findings.rows[part], findings.reason, findings.scores[part], findings.references[part])


def _part(stored: Stored) -> Part:
    return Part(path=stored.path, rows=stored.rows, size=stored.size, sha256=stored.sha256)


def rows_of(files: Iterable[Stored]) -> int:
    """Rows in files."""
    return sum(one.rows for one in files)


def describe(result: Result) -> dict[str, Any]:
    """Plain data: numbers by ``node.metric``."""
    return {name: msgspec.to_builtins(sketch) for name, sketch in sorted(result.metrics.items())}
