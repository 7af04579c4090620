"""TensorFlow Datasets prepares a data set from nothing but the address of its description."""

import json

import httpx
from bench.server import TOKEN, Server

from commonground.sdk.hub import Hub
from tests.engines.conftest import Script

PREPARE = """
import itertools, json, sys
from tensorflow_datasets.core.dataset_builders.croissant_builder import CroissantBuilder
address, folder = sys.argv[1:]
sys.argv[1:] = []
builder = CroissantBuilder(jsonld=address, file_format="array_record", data_dir=folder)
builder.download_and_prepare()
source = builder.as_data_source()
plain = lambda value: value.decode() if isinstance(value, bytes) else getattr(value, "item", lambda: value)()
rows = [{name: plain(value) for name, value in row.items()} for split in source.values() for row in split]
print(json.dumps({"version": str(builder.version), "rows": rows}))
"""
ROWS = b'id,text,score,flag\n1,"a,b",0.5,true\n2,c,0.25,false\n'


def test_the_rows_of_a_table(server: Server, client: Script) -> None:
    with Hub(server.url, TOKEN) as hub:
        hub.create_repository("datasets/bench/table")
        hub.upload_file("datasets/bench/table/train.csv", ROWS)
    address = f"{server.url}/api/datasets/bench/table/croissant"
    assert httpx.get(address).json()["version"] == "1.0.2"
    folder = str(server.root / "tfds")
    output = client(PREPARE, address, folder, CROISSANT_CACHE=str(server.root / "croissant"))
    found = json.loads(output.splitlines()[-1])
    assert found["version"] == "1.0.2"
    assert sorted(found["rows"], key=lambda row: row["id"]) == [
        {"id": 1, "text": "a,b", "score": 0.5, "flag": True},
        {"id": 2, "text": "c", "score": 0.25, "flag": False},
    ]
