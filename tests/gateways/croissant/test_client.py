"""mlcroissant, unmodified, in a process of its own: it reads real rows, and its validator is content."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonground.samples.model import PreparedSample
from commonground.samples.service import prepare
from commonground.sdk.hub import Hub

READ = """
import itertools, json, sys
import mlcroissant
data = mlcroissant.Dataset(jsonld=sys.argv[1])
problems = list(data.metadata.ctx.issues.errors) + list(data.metadata.ctx.issues.warnings)
tables = {
    table.id: [dict(row) for row in itertools.islice(data.records(table.id), int(sys.argv[2]))]
    for table in data.metadata.record_sets
}
show = lambda value: value.decode() if isinstance(value, bytes) else str(value)
print(json.dumps({"problems": problems, "tables": tables}, default=show))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "CROISSANT_CACHE": str(tmp_path / "croissant")}


def read(url: str, environment: dict[str, str], rows: int = 3) -> Any:
    command = [sys.executable, "-W", "ignore", "-c", READ, url, str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def validate(url: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "mlcroissant"), "validate", "--jsonld", url]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_it_reads_the_rows_of_csv_json_lines_and_parquet(
    address: str, hub: Hub, data: str, environment: dict[str, str]
) -> None:
    card = (
        "---\nlicense: mit\nconfigs:\n"
        "- config_name: table\n  data_files: a/table.csv\n"
        "- config_name: tabs\n  data_files: a/table.tsv\n"
        "- config_name: lines\n  data_files: lines.jsonl\n"
        "- config_name: columns\n  data_files:\n"
        "  - {split: train, path: 'data/train-*'}\n  - {split: test, path: data/test.parquet}\n---\nData\n\n"
        "```\n@misc{x}\n```\n"
    )
    hub.upload_file(f"{data}/README.md", card.encode())
    hub.upload_file(f"{data}/a/table.csv", 'id,字 x,score\n1,"a,b",0.5\n2,c,\n'.encode())
    hub.upload_file(f"{data}/a/table.tsv", b"id\tok\n1\ttrue\n")
    hub.upload_file(
        f"{data}/lines.jsonl", b'{"date":"30-APR-1997","l":["x"],"o":{"k":1}}\n{"date":null,"l":[],"o":null}\n'
    )
    for name in ("train-0", "train-1", "test"):
        content = parquet(name=[name, None], list=[[1, 2], None], struct=[{"x": 1}, {"x": None}])
        hub.upload_file(f"{data}/data/{name}.parquet", content)
    found = read(f"{address}/api/{data}/croissant", environment)
    assert found["problems"] == []
    assert found["tables"] == {
        "table": [
            {"table/id": 1, "table/字%20x": "a,b", "table/score": 0.5},
            {"table/id": 2, "table/字%20x": "c", "table/score": None},
        ],
        "tabs": [{"tabs/id": 1, "tabs/ok": True}],
        "lines": [
            {"lines/date": "1997-04-30 00:00:00", "lines/l": ["x"], "lines/o": {"lines/o/k": 1}},
            {"lines/date": None, "lines/l": [], "lines/o": {"lines/o/k": None}},
        ],
        **{
            part: [
                {f"{part}/name": name, f"{part}/list": [1, 2], f"{part}/struct": {f"{part}/struct/x": 1}},
                {f"{part}/name": None, f"{part}/list": None, f"{part}/struct": {f"{part}/struct/x": None}},
            ]
            for part, name in (
                ("columns/train/00000", "train-0"),
                ("columns/train/00001", "train-1"),
                ("columns/test", "test"),
            )
        },
    }


def test_its_validator_accepts_it_and_would_notice(
    address: str, hub: Hub, data: str, environment: dict[str, str], tmp_path: Path
) -> None:
    hub.upload_file(f"{data}/train.csv", b"a,b\n1,2\n")
    url = f"{address}/api/{data}/croissant"
    assert validate(url, environment).returncode == 0
    broken = httpx.get(url).json()
    del broken["distribution"][-1]["contentUrl"]
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    assert validate(str(tmp_path / "broken.json"), environment).returncode != 0


def test_it_reads_private_data_with_its_own_credentials_or_a_link(
    address: str, hub: Hub, private: str, environment: dict[str, str]
) -> None:
    hub.upload_file(f"{private}/train.csv", b"a\n1\n")
    token = hub.create_link(private).token
    url = f"{address}/api/{private}/croissant?links=true&token={token}"
    assert read(url, environment)["tables"] == {"default": [{"default/a": 1}]}


@pytest.mark.parametrize(("sample", "table", "row"), [
    ("digits", "default", {"default/label": 0}),
    ("hkcancor", "default", {"default/text": "喂遲啲去唔去旅行啊?", "default/date": "1997-04-30 00:00:00"}),
])  # fmt: skip
def test_it_reads_the_sample_data_sets(
    address: str, hub: Hub, sample: str, table: str, row: dict[str, Any], environment: dict[str, str]
) -> None:
    [prepared] = list(prepare([sample]))
    if not isinstance(prepared, PreparedSample):
        pytest.skip(f"{sample} cannot be had: {prepared}")
    name = f"datasets/alice/{sample}"
    hub.create_repository(name)
    for file in prepared.files:
        hub.upload_file(f"{name}/{file.path}", file.source)
    found = read(f"{address}/api/{name}/croissant", environment, 2)
    assert all("citeAs" in problem for problem in found["problems"])  # these cards have no BibTeX
    first = found["tables"][table][0]
    assert {key: first[key] for key in row} == row
