"""JSON lines."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from commonground.data.rows import DOCUMENT
from commonground.data.sources.source import BATCH_BYTES, SPLIT_BYTES, Broken, Report, Source, Split
from commonground.errors import SourceFailed


class JsonLines(Source, frozen=True):
    """Files of one JSON object a line."""

    path: str
    """a file, or a pattern"""

    def schema(self) -> pa.Schema:
        """Documents."""
        return DOCUMENT

    def splits(self) -> Sequence[Split]:
        """Ranges of bytes; a line belongs to the range it begins in."""
        files = sorted(glob.glob(self.path, recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if not files:
            raise SourceFailed(source=self.path, reason="there is no such file")
        return [split for file in files for split in _ranges(Path(file))]

    def read(self, split: Split, report: Report) -> Iterator[pa.RecordBatch]:
        """Documents; other fields become ``meta``."""
        rows: list[dict[str, Any]] = []
        size = 0
        with Path(split.path).open("rb") as file:
            file.seek(split.start)
            if split.start:
                file.seek(split.start - 1)
                file.readline()
            while file.tell() < split.stop and (line := file.readline()):
                try:
                    rows.append(_document(msgspec.json.decode(line, type=dict[str, Any])))
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    report(Broken(path=split.path, offset=file.tell() - len(line), reason=str(error)))
                size += len(line)
                if size >= BATCH_BYTES:
                    yield pa.RecordBatch.from_pylist(rows, schema=DOCUMENT)
                    rows, size = [], 0
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=DOCUMENT)


def _document(found: dict[str, Any]) -> dict[str, Any]:
    known = {name: found.pop(name) for name in DOCUMENT.names if name in found and name != "meta"}
    meta = found.pop("meta", None) or found
    return {**known, "meta": msgspec.json.encode(meta).decode() if meta else None}


def _ranges(file: Path) -> Iterator[Split]:
    facts = file.stat()
    for start in range(0, facts.st_size, SPLIT_BYTES):
        stop = min(start + SPLIT_BYTES, facts.st_size)
        yield Split(
            path=str(file), start=start, stop=stop, size=stop - start, identity=f"{facts.st_size}-{facts.st_mtime_ns}"
        )
