"""datasets, HfFileSystem and the readers on top of it, and CommitScheduler."""

import json

from bench.server import USER

from tests.engines.conftest import Script

PUSH = """
from datasets import Dataset
Dataset.from_dict({{"text": [f"row {{i}}" for i in range(1000)], "label": [i % 3 for i in range(1000)]}}).push_to_hub("{user}/rows")
"""

# Leaves without the interpreter's own end: a half-read stream of pyarrow may abort a process that is already done.
LOAD = """
import json, os
from datasets import load_dataset
plain = load_dataset("{user}/rows", split="train")
stream = load_dataset("{user}/rows", split="train", streaming=True)
print(json.dumps([len(plain), plain[7]["text"], sum(1 for _ in stream), next(iter(stream))["text"]]), flush=True)
os._exit(0)
"""

READERS = """
import json, duckdb, pandas, polars
from huggingface_hub import HfFileSystem
fs = HfFileSystem()
path = fs.glob("datasets/{user}/rows/**/*.parquet")[0]
with fs.open(path) as file:
    counts = [len(polars.read_parquet(file))]
counts.append(len(pandas.read_parquet("hf://" + path)))
duckdb.register_filesystem(fs)
counts.append(duckdb.sql(f"select count(*) from 'hf://{{path}}'").fetchall()[0][0])
print(json.dumps(counts))
"""

SCHEDULER = """
import json, tempfile, time
from pathlib import Path
from huggingface_hub import CommitScheduler, HfApi
folder = Path(tempfile.mkdtemp())
scheduler = CommitScheduler(repo_id="{user}/scheduled", repo_type="dataset", folder_path=folder, every=1 / 30)
for index in range(3):
    with scheduler.lock:
        (folder / f"{{index}}.jsonl").write_text(json.dumps({{"index": index}}) + "\\n")
    scheduler.trigger().result()
scheduler.stop()
print(json.dumps(sorted(HfApi().list_repo_files("{user}/scheduled", repo_type="dataset"))))
"""


def test_a_pushed_dataset_loads_whole_and_streaming(client: Script) -> None:
    client(PUSH.format(user=USER))
    assert json.loads(client(LOAD.format(user=USER)).splitlines()[-1]) == [1000, "row 7", 1000, "row 0"]


def test_polars_pandas_and_duckdb_read_through_the_file_system(client: Script) -> None:
    client(PUSH.format(user=USER))
    assert json.loads(client(READERS.format(user=USER)).splitlines()[-1]) == [1000, 1000, 1000]


def test_the_commit_scheduler_commits_a_growing_folder(client: Script) -> None:
    files = json.loads(client(SCHEDULER.format(user=USER)).splitlines()[-1])
    assert [name for name in files if name.endswith(".jsonl")] == ["0.jsonl", "1.jsonl", "2.jsonl"]
