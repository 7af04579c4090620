"""DuckDB with its httpfs extension, which comes as a wheel for the version pinned here."""

import json

from tests.engines.s3.conftest import Run

TABLES = """
import json, pathlib, duckdb, duckdb_extension_httpfs
[extension] = pathlib.Path(duckdb_extension_httpfs.__file__).parent.rglob("*.duckdb_extension")
duckdb.execute(f"LOAD '{extension}'")
duckdb.execute("SET enable_progress_bar = false")
scheme, _, host = ENDPOINT.partition("://")
duckdb.execute(f"CREATE SECRET hub (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', ENDPOINT '{host}',"
               f" URL_STYLE 'path', USE_SSL {scheme == 'https'}, REGION 'us-east-1')")
duckdb.execute(f"COPY (SELECT range a, md5(range::varchar) b FROM range(400000)) TO 's3://{BUCKET}/t.parquet'")
duckdb.execute(f"COPY (SELECT range a, range % 3 p FROM range(1000)) TO 's3://{BUCKET}/hive' (FORMAT parquet, PARTITION_BY p)")
rows = lambda query: duckdb.execute(query).fetchall()
print(json.dumps([
    rows(f"SELECT count(*), count(DISTINCT b), max(a) FROM 's3://{BUCKET}/t.parquet'"),
    rows(f"SELECT p, count(*) FROM 's3://{BUCKET}/hive/*/*.parquet' GROUP BY p ORDER BY p"),
    rows(f"SELECT count(*) FROM 's3://{BUCKET}--main/*.parquet'"),
]))
"""


def test_tables_are_written_and_queried(run: Run) -> None:
    assert json.loads(run(TABLES)) == [
        [[400_000, 400_000, 399_999]],
        [[0, 334], [1, 333], [2, 333]],
        [[400_000]],
    ]
