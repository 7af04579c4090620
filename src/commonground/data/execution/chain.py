"""Takes batches through the steps of a stage and remembers what was dropped and how much went through."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonground.data.execution.stage import Stage, Step
from commonground.data.processors.processor import Filter, Findings, KeyedFilter, Mapper, Processor, Verdicts
from commonground.data.rows import ORDINAL_BITS, ROW
from commonground.data.sketches.model import Count, Metrics, Sketch, Tally, merge

DROPPED = pa.schema(
    [
        (ROW, pa.int64()),
        ("id", pa.string()),
        ("processor", pa.string()),
        ("reason", pa.string()),
        ("score", pa.float64()),
        ("reference", pa.int64()),
        ("excerpt", pa.string()),
    ]
)
"""Why rows are not there any more: ``reference`` is the row that stayed in place of a duplicate."""
EXCERPT = 200


class Chain:
    """The steps of one task. ``sides`` collects, by stream, the rows of side streams that are read later."""

    def __init__(self, stage: Stage, task: int, findings: dict[str, Findings]) -> None:
        self.stage, self.task, self.findings = stage, task, findings
        self.metrics: dict[str, Sketch] = {}
        self.dropped: list[pa.RecordBatch] = []
        self.sides: dict[str, list[pa.RecordBatch]] = {}
        self._made = {step.node: 0 for step in stage.steps}

    def run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches as they leave the last step; empty ones are left out."""
        for batch in batches:
            for step in self.stage.steps:
                if not batch.num_rows:
                    break
                batch = self._step(step, batch)
            if batch.num_rows:
                yield batch

    def count(self, metrics: Metrics) -> None:
        """Add to what is known."""
        self.metrics = merge([self.metrics, metrics])

    def _step(self, step: Step, batch: pa.RecordBatch) -> pa.RecordBatch:
        processor = step.component
        before = batch
        if isinstance(processor, Filter):
            batch = self._judged(step.node, batch, processor.judge(batch))
        elif isinstance(processor, KeyedFilter):
            batch = self._judged(step.node, batch, verdicts_of(self.findings[step.node], batch))
        elif isinstance(processor, Mapper):
            batch = self._renumbered(step.node, processor, processor.map(batch))
        self._counted(step.node, processor, before, batch)
        return batch

    def _counted(self, node: str, processor: Processor, before: pa.RecordBatch, after: pa.RecordBatch) -> None:
        own = {f"{node}.{name}": sketch for name, sketch in processor.metrics(before).items()}
        flow = {
            "rows_in": before.num_rows,
            "rows_out": after.num_rows,
            "bytes_in": before.nbytes,
            "bytes_out": after.nbytes,
        }
        self.count(own | {f"{node}.{name}": Count(value) for name, value in flow.items()})

    def _renumbered(self, node: str, mapper: Mapper, batch: pa.RecordBatch) -> pa.RecordBatch:
        if not mapper.explodes:
            return batch
        start = (self.task << ORDINAL_BITS) + self._made[node]
        self._made[node] += batch.num_rows
        numbers = pa.array(np.arange(start, start + batch.num_rows), pa.int64())
        return batch.set_column(batch.schema.get_field_index(ROW), ROW, numbers)

    def _judged(
        self, node: str, batch: pa.RecordBatch, verdicts: Verdicts | tuple[Verdicts, pa.Array]
    ) -> pa.RecordBatch:
        verdicts, references = verdicts if isinstance(verdicts, tuple) else (verdicts, None)
        out = np.flatnonzero(verdicts.codes)
        if not len(out):
            return batch
        rows = batch.take(pa.array(out))
        reasons = pa.array(verdicts.reasons).take(pa.array(verdicts.codes[out] - 1))
        scores = pa.nulls(len(out), pa.float64())
        if verdicts.scores is not None:
            scores = pa.array(verdicts.scores[out], pa.float64(), from_pandas=True)  # NaN is null
        references = pa.nulls(len(out), pa.int64()) if references is None else references.take(pa.array(out))
        self._drop(node, rows, reasons, scores, references)
        return batch.filter(pa.array(verdicts.codes == 0))

    def _drop(self, node: str, rows: pa.RecordBatch, reasons: pa.Array, scores: pa.Array, references: pa.Array) -> None:
        found = {pair["values"]: pair["counts"] for pair in pc.value_counts(reasons).to_pylist()}
        self.count({f"{node}.reasons": Tally(found)})
        names = rows.schema.names
        self.dropped.append(
            pa.RecordBatch.from_arrays(
                [
                    rows.column(ROW),
                    pc.cast(rows.column("id"), pa.string()) if "id" in names else pa.nulls(rows.num_rows, pa.string()),
                    pa.repeat(pa.scalar(node), rows.num_rows),
                    reasons,
                    scores,
                    references,
                    _excerpts(rows),
                ],
                schema=DROPPED,
            )
        )
        stream = f"{node}.dropped"
        if stream in self.stage.stored_sides:
            extra = {"processor": pa.repeat(pa.scalar(node), rows.num_rows), "reason": reasons, "score": scores}
            for name, values in extra.items():
                rows = rows.append_column(name, values) if name not in names else rows
            self.sides.setdefault(stream, []).append(rows)


def verdicts_of(findings: Findings, batch: pa.RecordBatch) -> tuple[Verdicts, pa.Array]:
    """What was found out about the rows of a batch."""
    numbers = batch.column(ROW).to_numpy(zero_copy_only=False)
    if not len(findings.rows):
        return Verdicts(np.zeros(len(numbers), np.uint8), (findings.reason,)), pa.nulls(len(numbers), pa.int64())
    at = np.minimum(np.searchsorted(findings.rows, numbers), len(findings.rows) - 1)
    hit = findings.rows[at] == numbers
    verdicts = Verdicts(hit.astype(np.uint8), (findings.reason,), np.where(hit, findings.scores[at], np.nan))
    return verdicts, pa.array(findings.references[at])


def _excerpts(rows: pa.RecordBatch) -> pa.Array:
    if "text" not in rows.schema.names or not pa.types.is_string(rows.schema.field("text").type):
        return pa.nulls(rows.num_rows, pa.string())
    return pc.utf8_slice_codeunits(rows.column("text"), 0, EXCERPT)
