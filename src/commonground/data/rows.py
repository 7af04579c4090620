"""What a batch of rows is to every part of a flow."""

import pyarrow as pa

ROW = "__row"
"""int64: which row of the source this is, ``task << ORDINAL_BITS | position``; the same on every engine and in every run."""
ORDINAL_BITS = 40
KEY = "__key"
"""int64: what rows are brought together by."""

DOCUMENT = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("source", pa.string()),
        ("license", pa.string()),
        ("lang", pa.string()),
        ("meta", pa.string()),
    ]
)
"""The one schema text is brought to: ``meta`` is a JSON object; all but ``text`` may be null."""


def numbered(batch: pa.RecordBatch, task: int, first: int) -> pa.RecordBatch:
    """The batch with its rows numbered from ``first`` on."""
    start = (task << ORDINAL_BITS) + first
    numbers = pa.array(range(start, start + batch.num_rows), pa.int64())
    return batch.append_column(ROW, numbers)


def task_of(row: int) -> int:
    """The task whose source a row came from."""
    return row >> ORDINAL_BITS


def encode(batch: pa.RecordBatch | pa.Table) -> bytes:
    """An Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write(batch)
    return bytes(sink.getvalue())


def decode(content: bytes) -> pa.Table:
    """What :func:`encode` wrote."""
    with pa.ipc.open_stream(pa.BufferReader(content)) as reader:
        return reader.read_all()
