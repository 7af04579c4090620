"""What pyarrow and polars do with a bucket; run in a process of its own, with the credentials in its environment."""

import json
import os
import sys

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq

BUCKET, COMMIT = sys.argv[1:3]
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
OPTIONS = {"aws_endpoint_url": ENDPOINT, "aws_region": "us-east-1", "aws_allow_http": "true"}


def arrow() -> dict[str, object]:
    """Write, list, read, copy, move and delete through ``pyarrow.fs``."""
    scheme, _, host = ENDPOINT.partition("://")
    files = pafs.S3FileSystem(endpoint_override=host, scheme=scheme, region="us-east-1")
    table = pa.table({"a": list(range(1000)), "b": [str(number % 2) for number in range(1000)]})
    files.create_dir(f"{BUCKET}/data")
    pq.write_table(table, f"{BUCKET}/data/t.parquet", filesystem=files)
    ds.write_dataset(
        table, f"{BUCKET}/hive", format="parquet", filesystem=files, partitioning=["b"], partitioning_flavor="hive"
    )
    with files.open_output_stream(f"{BUCKET}/big.bin") as out:
        for _ in range(12):
            out.write(os.urandom(2**20))
    files.copy_file(f"{BUCKET}/big.bin", f"{BUCKET}/copy.bin")
    files.move(f"{BUCKET}/copy.bin", f"{BUCKET}/moved.bin")
    files.delete_file(f"{BUCKET}/moved.bin")
    names = ["data/t.parquet", "data", "none"]
    return {
        "rows": pq.read_table(f"{BUCKET}/data/t.parquet", filesystem=files).num_rows,
        "hive": ds.dataset(f"{BUCKET}/hive", filesystem=files, partitioning="hive").count_rows(),
        "big": files.get_file_info(f"{BUCKET}/big.bin").size,
        "types": [files.get_file_info(f"{BUCKET}/{name}").type.name for name in names],
        "listed": sorted(
            info.path for info in files.get_file_info(pafs.FileSelector(f"{BUCKET}/hive", recursive=True))
        ),
        "before": pq.read_table(f"{BUCKET}--main/data/t.parquet", filesystem=files).num_rows,
        "then": files.get_file_info(f"{BUCKET}--{COMMIT}/data").type.name,
    }


def frames() -> dict[str, object]:
    """Write, scan and read through polars."""
    pl.DataFrame({"x": [1, 2, 3]}).write_parquet(f"s3://{BUCKET}/pl/a.parquet", storage_options=OPTIONS)
    pl.LazyFrame({"x": [4]}).sink_parquet(f"s3://{BUCKET}/pl/b.parquet", storage_options=OPTIONS)
    pl.DataFrame({"x": [5]}).write_csv(f"s3://{BUCKET}/pl.csv", storage_options=OPTIONS)
    scan = pl.scan_parquet(f"s3://{BUCKET}/pl/*.parquet", storage_options=OPTIONS).filter(pl.col("x") > 1)
    return {
        "shape": pl.read_parquet(f"s3://{BUCKET}/data/t.parquet", storage_options=OPTIONS).shape,
        "scan": scan.collect()["x"].sort().to_list(),
        "csv": pl.scan_csv(f"s3://{BUCKET}/pl.csv", storage_options=OPTIONS).collect()["x"].to_list(),
    }


sys.stdout.write(json.dumps({"arrow": arrow(), "polars": frames()}))
sys.stdout.flush()
os._exit(0)  # threads of the client outlive the interpreter otherwise
