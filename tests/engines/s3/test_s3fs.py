"""s3fs, and pandas on top of it."""

import json

from tests.engines.s3.conftest import Run

FILES = """
import json, os, s3fs
fs = s3fs.S3FileSystem(key=KEY, secret=SECRET, endpoint_url=ENDPOINT)
fs.pipe(f"{BUCKET}/data/a.txt", b"hello")
with fs.open(f"{BUCKET}/big.bin", "wb", block_size=5 * 2**20) as out:
    for _ in range(13):
        out.write(os.urandom(2**20))
fs.cp(f"{BUCKET}/big.bin", f"{BUCKET}/x/copy.bin")
fs.mv(f"{BUCKET}/x/copy.bin", f"{BUCKET}/x/moved.bin")
found = {
    "text": fs.cat(f"{BUCKET}/data/a.txt").decode(),
    "range": len(fs.cat_file(f"{BUCKET}/big.bin", start=100, end=1000)),
    "size": fs.info(f"{BUCKET}/x/moved.bin")["size"],
    "listed": [name.partition("/")[2] for name in fs.find(BUCKET)],
    "folders": [name.partition("/")[2] for name in fs.ls(BUCKET, detail=False)],
}
fs.rm(f"{BUCKET}/x", recursive=True)
found["gone"] = fs.exists(f"{BUCKET}/x")
versions = s3fs.S3FileSystem(key=KEY, secret=SECRET, endpoint_url=ENDPOINT, version_aware=True)
first = versions.info(f"{BUCKET}/data/a.txt")["VersionId"]
fs.pipe(f"{BUCKET}/data/a.txt", b"changed")
with versions.open(f"{BUCKET}/data/a.txt", version_id=first) as file:
    found["version"] = file.read().decode()
print(json.dumps(found))
"""

PANDAS = """
import json, pandas
options = {"key": KEY, "secret": SECRET, "endpoint_url": ENDPOINT}
pandas.DataFrame({"a": [1, 2]}).to_csv(f"s3://{BUCKET}/p.csv", storage_options=options, index=False)
print(json.dumps(pandas.read_csv(f"s3://{BUCKET}/p.csv", storage_options=options)["a"].tolist()))
"""


def test_files_are_written_listed_moved_and_read(run: Run) -> None:
    assert json.loads(run(FILES)) == {
        "text": "hello",
        "range": 900,
        "size": 13 * 2**20,
        "listed": [".gitattributes", "big.bin", "data/a.txt", "x/moved.bin"],
        "folders": [".gitattributes", "big.bin", "data", "x"],
        "gone": False,
        "version": "hello",
    }


def test_pandas_reads_what_it_wrote(run: Run) -> None:
    assert json.loads(run(PANDAS)) == [1, 2]
