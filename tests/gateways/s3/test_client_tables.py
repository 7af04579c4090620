"""pyarrow and polars, unmodified, against a real server."""

import json
import sys
from pathlib import Path

from tests.gateways.s3.conftest import Endpoint, run_client

CLIENT = Path(__file__).with_name("tables.py")


def test_tables_are_written_listed_and_read(endpoint: Endpoint) -> None:
    bucket = endpoint.create("tables")
    commit = endpoint.http.get(f"/api/datasets/{endpoint.owner}/tables").json()["sha"]
    found = json.loads(run_client([sys.executable, str(CLIENT)], endpoint, bucket, commit))
    assert found["arrow"] == {
        "rows": 1000,
        "hive": 1000,
        "big": 12 * 2**20,
        "types": ["File", "Directory", "NotFound"],
        "listed": [f"{bucket}/hive/b={n}{tail}" for n in (0, 1) for tail in ("", "/part-0.parquet")],
        "before": 1000,
        "then": "NotFound",
    }
    assert found["polars"] == {"shape": [1000, 2], "scan": [2, 3, 4], "csv": [5]}
