"""From a flow to stages: neighbours that look at one row at a time become one; nothing is read twice that costs more than reading."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from commonground.data.execution.stage import Keys, Stage, Step, Store, Write
from commonground.data.flows.components import component
from commonground.data.flows.model import DROPPED, MAIN, Flow, Stream
from commonground.data.processors.processor import KeyedFilter, KeyedReduce, Processor
from commonground.data.sources.source import Source
from commonground.errors import InvalidFlow


@dataclass
class Line:
    """Steps since rows were last read: from a source, or from the stored ``stream``."""

    source: tuple[str, Source] | None
    stream: str | None
    schema: pa.Schema
    steps: list[Step] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the stage it becomes."""
        start = self.source[0] if self.source else str(self.stream)
        return "-".join([start, *(step.node for step in self.steps)])


@dataclass(frozen=True)
class Planned:
    """A stage, the streams or the source it reads, and the exchange that follows it."""

    stage: Stage
    reads: tuple[str, ...]
    reduces: str | None = None
    """the node whose keys it gives"""
    applies: tuple[str, ...] = ()
    """nodes whose findings its tasks need"""


@dataclass(frozen=True)
class Plan:
    """Stages in an order in which each finds what it reads."""

    stages: tuple[Planned, ...]
    components: dict[str, object]
    warnings: tuple[str, ...]


def plan(flow: Flow, partitions: int = 16) -> Plan:
    """The stages of a flow; :class:`~commonground.errors.InvalidFlow` for what cannot run. Nothing is read."""
    return _Planning(flow, partitions).plan()


class _Planning:
    def __init__(self, flow: Flow, partitions: int) -> None:
        self.flow, self.partitions = flow, partitions
        self.components = {name: component(node) for name, node in flow.nodes.items()}
        self.stages: list[Planned] = []
        self.lines: dict[str, Line] = {}
        """for each node the line that ends with it"""
        self.stored: set[str] = set()
        self.counted: set[str] = set()

    def plan(self) -> Plan:
        for name, node in self.flow.nodes.items():
            getattr(self, f"_{node.role}")(name, node.inputs)
        slow = tuple(
            f"{name} ({self.flow.nodes[name].use}) is slow: {one.slow}"
            for name, one in self.components.items()
            if isinstance(one, Processor) and one.slow
        )
        return Plan(tuple(_in_order(self.stages)), self.components, slow)

    def _source(self, name: str, _: tuple[Stream, ...]) -> None:
        source = self.components[name]
        self.lines[name] = Line((name, source), None, source.schema())

    def _processor(self, name: str, inputs: tuple[Stream, ...]) -> None:
        processor = self.components[name]
        if isinstance(processor, KeyedReduce):
            self._keyed_reduce(name, processor, inputs)
            return
        line = self._joined(name, inputs)
        self._check(name, processor, line.schema)
        if isinstance(processor, KeyedFilter):
            line = self._keyed_filter(name, processor, line)
        line.steps.append(Step(name, processor))
        line.schema = processor.schema(line.schema)
        self.lines[name] = line
        if not self._reads(Stream(name)):  # only what it drops is
            self._add(line)

    def _keyed_filter(self, name: str, processor: KeyedFilter, line: Line) -> Line:
        """Its keys are a stage of their own. Behind it, rows are read again if nothing was done to them yet, else stored meanwhile."""
        keys = Keys(name, processor, self.partitions)
        if line.steps:
            stream = f"{name}.in"
            self._add(line, keys=keys, store=Store(stream))
            return Line(None, stream, line.schema)
        self._add(line, keys=keys)
        return Line(line.source, line.stream, line.schema)

    def _keyed_reduce(self, name: str, processor: KeyedReduce, inputs: tuple[Stream, ...]) -> None:
        schemas = []
        for port, stream in enumerate(inputs):
            line = self._line(stream)
            self._check(name, processor, line.schema)
            schemas.append(line.schema)
            self._add(line, keys=Keys(name, processor, self.partitions, port))
        self.lines[name] = Line(None, name, processor.schema_of(schemas))
        self.stored.add(name)

    def _sink(self, name: str, inputs: tuple[Stream, ...]) -> None:
        line = self._joined(name, inputs)
        self.components[name].check(line.schema)
        self._add(line, write=Write(name, self.components[name]))

    def _joined(self, name: str, inputs: tuple[Stream, ...]) -> Line:
        if len(inputs) == 1:
            return self._line(inputs[0])
        lines = [self._line(stream) for stream in inputs]
        if any(line.schema.remove_metadata() != lines[0].schema.remove_metadata() for line in lines):
            raise InvalidFlow(reason=f"what {name} takes in does not have the same columns")
        stream = f"{name}.in"
        for line in lines:
            self._add(line, store=Store(stream))
        return Line(None, stream, lines[0].schema)

    def _line(self, stream: Stream) -> Line:
        """The line a stream is the end of, for one reader to go on with; a stream with several readers is stored."""
        line = self.lines[stream.node]
        if stream.name != MAIN:
            return Line(None, str(stream), self._side_schema(stream, line))
        if self._reads(stream) == 1:
            return line
        if stream.node not in self.stored and line.steps:
            self._add(line, store=Store(stream.node))
            self.lines[stream.node] = line = Line(None, stream.node, line.schema)
            self.stored.add(stream.node)
        return Line(line.source, line.stream, line.schema, list(line.steps))

    def _reads(self, stream: Stream) -> int:
        return sum(node.inputs.count(stream) for node in self.flow.nodes.values())

    def _side_schema(self, stream: Stream, line: Line) -> pa.Schema:
        if stream.name == DROPPED:
            before = self._joined_schema(stream.node)
            extra = [("processor", pa.string()), ("reason", pa.string()), ("score", pa.float64())]
            return pa.schema([*before, *(pa.field(name, kind) for name, kind in extra if name not in before.names)])
        texts = [pa.field(name, pa.string()) for name in ("source", "path", "reason", "excerpt")]
        return pa.schema([*texts[:2], pa.field("offset", pa.int64()), *texts[2:]])

    def _joined_schema(self, node: str) -> pa.Schema:
        first = self.flow.nodes[node].inputs[0]
        found = self.lines[first.node].schema
        return found if first.name == MAIN else self._side_schema(first, self.lines[first.node])

    def _check(self, name: str, processor: Processor, schema: pa.Schema) -> None:
        missing = [column for column in processor.needs() if column not in schema.names]
        if missing:
            raise InvalidFlow(reason=f"{name} needs the column {missing[0]}; there is {', '.join(schema.names)}")

    def _add(
        self, line: Line, keys: Keys | None = None, store: Store | None = None, write: Write | None = None
    ) -> None:
        steps = tuple(line.steps)
        sides = [f"{step.node}.{DROPPED}" for step in steps] + ([f"{line.source[0]}.broken"] if line.source else [])
        wanted = {str(stream) for node in self.flow.nodes.values() for stream in node.inputs}
        stage = Stage(
            name=line.name,
            source=line.source,
            steps=steps,
            keys=keys,
            store=store,
            write=write,
            stored_sides=tuple(side for side in sides if side in wanted),
            counts_source=line.source is not None and line.source[0] not in self.counted,
        )
        if line.source:
            self.counted.add(line.source[0])
        reads = (line.source[0],) if line.source else (str(line.stream),)
        applies = tuple(step.node for step in steps if isinstance(step.component, KeyedFilter))
        self.stages.append(Planned(stage, reads, keys.node if keys else None, applies))


def _in_order(stages: list[Planned]) -> Iterator[Planned]:
    """Each behind the stages that give what it reads; a side stream may be asked for before its node is at its end."""
    waiting = list(stages)
    while waiting:
        ready = next(
            one for one in waiting if not any(_gives(other) & _takes(one) for other in waiting if other is not one)
        )
        waiting.remove(ready)
        yield ready


def _gives(planned: Planned) -> set[str]:
    """Stored streams, and the keys or findings of a node."""
    stage = planned.stage
    stored = {stage.store.stream} if stage.store else set[str]()
    return stored | set(stage.stored_sides) | ({planned.reduces} if planned.reduces else set())


def _takes(planned: Planned) -> set[str]:
    return {*(planned.reads if planned.stage.source is None else ()), *planned.applies}
