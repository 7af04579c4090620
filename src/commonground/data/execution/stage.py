"""What a task is: one part of the input, taken through the steps between two exchanges."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from commonground.data.processors.processor import Findings, Processor
from commonground.data.sinks.sink import Sink
from commonground.data.sources.source import Source, Split


@dataclass(frozen=True)
class Step:
    """A node and its component."""

    node: str
    component: Processor


@dataclass(frozen=True)
class Keys:
    """Rows end as keys for an exchange."""

    node: str
    component: Any
    partitions: int
    port: int = 0


@dataclass(frozen=True)
class Store:
    """Rows end in a file for a later stage."""

    stream: str


@dataclass(frozen=True)
class Write:
    """Rows end in a sink."""

    node: str
    sink: Sink


@dataclass(frozen=True)
class Stage:
    """``source`` is ``None`` where stored rows are read. ``applies`` names the steps whose findings come with each task.

    A source that several stages read is counted by one of them (``counts_source``).
    """

    name: str
    source: tuple[str, Source] | None
    steps: tuple[Step, ...]
    keys: Keys | None = None
    store: Store | None = None
    write: Write | None = None
    stored_sides: tuple[str, ...] = ()
    """side streams (``node.dropped``, ``node.broken``) that a later stage reads as rows"""
    counts_source: bool = True

    @property
    def digest(self) -> str:
        """What it does, as a hash: equal for equal options and versions."""
        return hashlib.sha256(repr(self._described()).encode()).hexdigest()

    def _described(self) -> tuple[object, ...]:
        named: list[tuple[str, Any]] = [(step.node, step.component) for step in self.steps]
        if self.source:
            named.insert(0, self.source)
        if self.keys:
            named.append((f"keys {self.keys.partitions} {self.keys.port}", self.keys.component))
        if self.write:
            named.append(("write", self.write.sink))
        return (
            [
                (name, type(one).__qualname__, one.version, msgspec.json.encode(one, order="sorted"))
                for name, one in named
            ],
            self.store,
            self.stored_sides,
            self.counts_source,
        )


@dataclass(frozen=True)
class Task:
    """``number`` is of the split among all of the flow: rows are numbered by it. ``findings`` are those of its rows, by node."""

    stage: Stage
    number: int
    split: Split
    root: Path
    findings: dict[str, Findings] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Equal for equal work: what was done under it need not be done again."""
        found = hashlib.sha256(self.stage.digest.encode())
        found.update(msgspec.json.encode((self.number, self.split)))
        for node, findings in sorted(self.findings.items()):
            found.update(f"{node} {findings.reason}".encode())
            for column in (findings.rows, findings.scores, findings.references):
                found.update(column.tobytes())
        return found.hexdigest()[:32]

    @property
    def parcels(self) -> Path:
        """The file that exists when it is done."""
        return self.root / "tasks" / f"{self.digest}.parcels"


@dataclass(frozen=True)
class Reduction:
    """The other side of an exchange: ``number`` + partition numbers the rows it makes."""

    name: str
    node: str
    component: Any
    partitions: int
    number: int
    root: Path
    inputs: str
    """a hash of what was exchanged"""

    def parcels(self, partition: int) -> Path:
        """The file that exists when a partition is done."""
        described = (type(self.component).__qualname__, self.component.version, self.node, self.partitions, self.number)
        content = msgspec.json.encode((described, self.component, self.inputs, partition), order="sorted")
        return self.root / "tasks" / f"{hashlib.sha256(content).hexdigest()[:32]}.parcels"
