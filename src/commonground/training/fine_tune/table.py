"""The rows of a data set: columns of its parquet, CSV and JSON Lines files, some of them held out."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from commonground.errors import PackageMissing, UnsuitableData

HELD_OUT = 0.1
"""Share of the rows that evaluation keeps for itself where the data set has no files for it."""
BLOCK = 16 * 2**20
"""Bytes a row of JSON Lines may have."""
_EVALUATION = ("test", "validation", "valid", "dev", "eval")


class Table:
    """Columns with as many rows each; ``rows`` are numbers of the rows that belong to it, read when they are asked for."""

    def __init__(self, columns: Mapping[str, Any], rows: "np.ndarray[Any, Any]") -> None:
        self._columns, self.rows = columns, rows

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str, rows: "np.ndarray[Any, Any] | None" = None) -> list[Any]:
        """The values of a column in these rows (numbers within the table), in all by default."""
        chosen = self.rows if rows is None else self.rows[rows]
        values: list[Any] = self._columns[name].take(chosen).to_pylist()
        return values


def read(folder: Path, columns: Sequence[str], seed: int) -> tuple[Table, Table]:
    """The rows to train on and those to evaluate with: of files named ``test``, ``validation`` or the like, else a tenth
    of all that follows from ``seed``. :class:`UnsuitableData`, which names what is missing.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _reader(path))
    held = [path for path in files if _is_evaluation(path.relative_to(folder))]
    used = [path for path in files if path not in held]
    if not used:
        used, held = held, []
    if not used:
        raise UnsuitableData(reason="it has no .parquet, .csv, .tsv or .jsonl file")
    train = _joined(used, folder, columns)
    if held:
        return _whole(train), _whole(_joined(held, folder, columns))
    order = np.random.default_rng((seed, 0)).permutation(len(train[columns[0]]))
    kept = max(1, round(len(order) * HELD_OUT))
    if len(order) < 2:
        raise UnsuitableData(reason="it has fewer than two rows, one to train on and one to evaluate with")
    return Table(train, np.sort(order[kept:])), Table(train, np.sort(order[:kept]))


def _whole(columns: Mapping[str, Any]) -> Table:
    length = len(next(iter(columns.values())))
    if not length:
        raise UnsuitableData(reason="it has no rows")
    return Table(columns, np.arange(length))


def _joined(files: Sequence[Path], folder: Path, columns: Sequence[str]) -> dict[str, Any]:
    """These columns of all files, one after the other."""
    pa = _pyarrow()
    tables = []
    for path in files:
        read_file, name = _reader(path), path.relative_to(folder)
        assert read_file is not None
        try:
            found = read_file(path, columns)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise UnsuitableData(reason=f"{name} cannot be read: {str(error).splitlines()[0][:300]}") from None
        for column in columns:
            if column not in found.column_names:
                raise UnsuitableData(reason=_missing(str(name), column, found.column_names))
        tables.append(found.select(list(columns)))
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise UnsuitableData(reason=f"its files do not fit together: {str(error).splitlines()[0][:300]}") from None
    for column in columns:
        if table[column].null_count:
            raise UnsuitableData(reason=f"the column {column} is empty in {table[column].null_count} rows")
    return {column: table[column] for column in columns}


def _missing(file: str, column: str, known: Sequence[str]) -> str:
    near = get_close_matches(column, known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known[:20])}"
    return f"{file} has no column {column}; {hint}"


def _is_evaluation(path: Path) -> bool:
    """Whether a word of the path, a folder or the beginning of the file's name, says so."""
    words = [*path.parts[:-1], path.name.replace("_", "-").replace(".", "-").split("-")[0]]
    return any(word.lower() in _EVALUATION for word in words)


def _reader(path: Path) -> Callable[[Path, Sequence[str]], Any] | None:
    """What reads these columns, and maybe others, of a file of this name."""
    name = path.name.lower().removesuffix(".gz")
    for ending, reader in (
        (".parquet", _parquet),
        (".csv", _csv),
        (".tsv", _tsv),
        (".jsonl", _jsonl),
        (".ndjson", _jsonl),
    ):
        if name.endswith(ending):
            return reader
    return None


def _parquet(path: Path, columns: Sequence[str]) -> Any:
    from pyarrow import parquet

    schema = parquet.read_schema(path)
    if not set(columns) <= set(schema.names):
        return schema.empty_table()  # which shows what there is
    return parquet.read_table(path, columns=list(columns))


def _csv(path: Path, _: Sequence[str], delimiter: str = ",") -> Any:
    from pyarrow import csv

    return csv.read_csv(path, parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True))


def _tsv(path: Path, columns: Sequence[str]) -> Any:
    return _csv(path, columns, "\t")


def _jsonl(path: Path, _: Sequence[str]) -> Any:
    from pyarrow import input_stream, json

    with input_stream(str(path)) as file:
        return json.read_json(file, read_options=json.ReadOptions(block_size=BLOCK))


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise PackageMissing(package="pyarrow", extra="fine-tune") from error
    return pa
