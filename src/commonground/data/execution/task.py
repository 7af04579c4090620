"""Executes one task or one partition of an exchange; engines call nothing else."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import pyarrow as pa

from commonground.data.execution.chain import Chain
from commonground.data.execution.parcel import FILES, KEYS, METRICS, REDUCED, Parcel
from commonground.data.execution.partition import partitioned
from commonground.data.execution.stage import Keys, Reduction, Task
from commonground.data.processors.processor import KeyedReduce
from commonground.data.rows import ORDINAL_BITS, ROW, decode, encode, numbered
from commonground.data.sinks.sink import Part
from commonground.data.sketches.model import Count
from commonground.data.sketches.model import encode as encode_metrics
from commonground.data.sources.source import Broken, Split

KEYS_BYTES = 32 * 2**20
"""Keys that are collected before they are divided by partition."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A file a task made: rows of a stream for a later stage, what was dropped or broken, or a part of a sink."""

    kind: str
    name: str
    path: str
    rows: int
    number: int
    size: int = 0
    sha256: str = ""


def run_task(task: Task) -> Iterator[Parcel]:
    """What a task gives, keys first; files lie under ``task.root`` when their parcel comes."""
    chain, broken = Chain(task.stage, task.number, task.findings), list[Broken]()
    batches = chain.run(_input(task, chain, broken))
    stage = task.stage
    files: list[Stored] = []
    if stage.keys:
        yield from _keys(task, stage.keys, batches, files)
    elif stage.store:
        files.append(_store(task, stage.store.stream, batches))
    elif stage.write:
        folder = task.root / "parts" / stage.write.node
        folder.mkdir(parents=True, exist_ok=True)
        parts = stage.write.sink.write(batches, folder, f"{task.number:06}-{task.digest[:12]}")
        files += [_part(task, stage.write.node, part) for part in parts]
    else:
        deque(batches, maxlen=0)
    files += _sides(task, chain, broken)
    yield Parcel(METRICS, 0, encode_metrics(chain.metrics))
    yield Parcel(FILES, 0, msgspec.json.encode(files))


def run_reduction(reduction: Reduction, partition: int, contents: Iterable[bytes]) -> Iterator[Parcel]:
    """What all rows of the keys of one partition give."""
    tables = [decode(content) for content in contents]
    if not tables:
        return
    rows = pa.concat_tables(tables)
    component = reduction.component
    if not isinstance(component, KeyedReduce):
        yield Parcel(REDUCED, 0, encode(component.reduce(rows).combine_chunks()))
        return
    made = component.reduce(rows).combine_chunks()
    start = (reduction.number + partition) << ORDINAL_BITS
    numbers = pa.array(np.arange(start, start + made.num_rows), pa.int64())
    made = made.drop_columns([ROW]) if ROW in made.column_names else made
    path = reduction.root / "rows" / reduction.node / f"{reduction.parcels(partition).stem}.arrow"
    count = _write_rows(path, iter(made.append_column(ROW, numbers).to_batches()))
    stored = Stored(
        kind="rows",
        name=reduction.node,
        path=_below(path, reduction.root),
        rows=count,
        number=reduction.number + partition,
    )
    metrics = {f"{reduction.node}.rows_in": Count(rows.num_rows), f"{reduction.node}.rows_out": Count(count)}
    yield Parcel(METRICS, 0, encode_metrics(metrics))
    yield Parcel(FILES, 0, msgspec.json.encode([stored]))


def stored_batches(root: Path, split: Split) -> Iterator[pa.RecordBatch]:
    """Rows an earlier stage stored."""
    with pa.memory_map(str(root / split.path)) as file, pa.ipc.open_file(file) as reader:
        for index in range(reader.num_record_batches):
            yield reader.get_batch(index)


def _input(task: Task, chain: Chain, broken: list[Broken]) -> Iterator[pa.RecordBatch]:
    if task.stage.source is None:
        yield from stored_batches(task.root, task.split)
        return
    node, source = task.stage.source
    counts, rows = task.stage.counts_source, 0
    for batch in source.read(task.split, broken.append):
        if counts:
            chain.count({f"{node}.rows_out": Count(batch.num_rows), f"{node}.bytes_out": Count(batch.nbytes)})
        yield numbered(batch, task.number, rows)
        rows += batch.num_rows
    if counts:
        chain.count({f"{node}.broken": Count(len(broken))})
    else:
        broken.clear()


def _keys(task: Task, keys: Keys, batches: Iterator[pa.RecordBatch], files: list[Stored]) -> Iterator[Parcel]:
    store = task.stage.store
    if store:
        path = _rows_path(task, store.stream)
        with _Rows(path) as rows:
            yield from _divided(keys, rows.passed(batches))
        files.append(
            Stored(kind="rows", name=store.stream, path=_below(path, task.root), rows=rows.count, number=task.number)
        )
    else:
        yield from _divided(keys, batches)


def _divided(keys: Keys, batches: Iterator[pa.RecordBatch]) -> Iterator[Parcel]:
    """Keys by partition, in portions of bounded size."""
    waiting, size = list[pa.RecordBatch](), 0
    for batch in batches:
        component = keys.component
        found = component.keys(batch, keys.port) if isinstance(component, KeyedReduce) else component.keys(batch)
        waiting.append(found)
        size += found.nbytes
        if size >= KEYS_BYTES:
            yield from _portion(keys, waiting)
            waiting, size = [], 0
    if waiting:
        yield from _portion(keys, waiting)


def _portion(keys: Keys, batches: list[pa.RecordBatch]) -> Iterator[Parcel]:
    table = pa.Table.from_batches(batches)
    for partition, part in partitioned(table, keys.partitions):
        yield Parcel(f"{KEYS}.{keys.node}", partition, encode(part))


def _store(task: Task, stream: str, batches: Iterator[pa.RecordBatch]) -> Stored:
    path = _rows_path(task, stream)
    count = _write_rows(path, batches)
    return Stored(kind="rows", name=stream, path=_below(path, task.root), rows=count, number=task.number)


def _sides(task: Task, chain: Chain, broken: list[Broken]) -> Iterator[Stored]:
    """What was dropped and what was broken, and side streams that are read later."""
    source = task.stage.source
    if chain.dropped:
        path = task.root / "dropped" / f"{task.digest}.arrow"
        yield Stored(
            kind="dropped",
            name="",
            path=_below(path, task.root),
            rows=_write_rows(path, iter(chain.dropped)),
            number=task.number,
        )
    if broken and source:
        found = pa.Table.from_pylist([{"source": source[0], **msgspec.structs.asdict(one)} for one in broken])
        path = task.root / "broken" / f"{task.digest}.arrow"
        count = _write_rows(path, iter(found.to_batches()))
        yield Stored(kind="broken", name=source[0], path=_below(path, task.root), rows=count, number=task.number)
        if f"{source[0]}.broken" in task.stage.stored_sides:
            chain.sides[f"{source[0]}.broken"] = [numbered(batch, task.number, 0) for batch in found.to_batches()]
    for stream, side in chain.sides.items():
        yield _store(task, stream, iter(side))


def _part(task: Task, node: str, part: Part) -> Stored:
    return Stored(
        kind="part", name=node, path=part.path, rows=part.rows, number=task.number, size=part.size, sha256=part.sha256
    )


def _rows_path(task: Task, stream: str) -> Path:
    return task.root / "rows" / stream / f"{task.digest}.arrow"


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _write_rows(path: Path, batches: Iterator[pa.RecordBatch]) -> int:
    with _Rows(path) as rows:
        for _ in rows.passed(batches):
            pass
    return rows.count


class _Rows:
    """A file of rows that appears when it is complete; no file if there were none."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._being_written = path.with_name(f"{path.name}.{id(self):x}.tmp")

    def passed(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches, each written on its way."""
        for batch in batches:
            if self._writer is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                options = pa.ipc.IpcWriteOptions(compression="lz4")
                self._writer = pa.ipc.new_file(str(self._being_written), batch.schema, options=options)
            self._writer.write(batch)
            self.count += batch.num_rows
            yield batch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._writer is None:
            return
        self._writer.close()
        if kind is None:
            self._being_written.replace(self.path)
        else:
            self._being_written.unlink()
