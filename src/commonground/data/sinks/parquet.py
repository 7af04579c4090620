"""Parquet files in a folder."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from commonground.data.rows import ROW
from commonground.data.sinks.sink import Part, Sink

GROUP_ROWS = 2000


class Parquet(Sink, frozen=True):
    """``part-00000.parquet`` and on: zstd, row groups of 2,000 rows, with a page index."""

    path: str

    def write(self, batches: Iterator[pa.RecordBatch], folder: Path, stem: str) -> list[Part]:
        """One file, or none for no rows."""
        path, writer, rows = folder / f"{stem}.parquet", None, 0
        for batch in batches:
            batch = batch.drop_columns([ROW])
            if writer is None:
                writer = pq.ParquetWriter(path, batch.schema, compression="zstd", write_page_index=True)
            writer.write_batch(batch, row_group_size=GROUP_ROWS)
            rows += batch.num_rows
        if writer is None:
            return []
        writer.close()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return [Part(path=path.name, rows=rows, size=path.stat().st_size, sha256=digest)]

    def finish(self, folder: Path, parts: Sequence[Part]) -> None:
        """A folder beside the place is filled, then takes it."""
        place = Path(self.path)
        beside = place.with_name(f"{place.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for index, part in enumerate(parts):
            shutil.copyfile(folder / part.path, beside / f"part-{index:05}.parquet")
        if place.exists():
            shutil.rmtree(place)
        beside.replace(place)
