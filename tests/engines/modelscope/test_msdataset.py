"""``MsDataset.load``: the rows of CSV, JSON lines and parquet files."""

import json

import pytest
from bench.server import TOKEN, USER, Server

from tests.engines.conftest import Script

SETUP = """
import json, os, sys
from pathlib import Path
from modelscope.hub.api import HubApi
from modelscope.msdatasets import MsDataset
api = HubApi()
"""

UPLOAD = """
import pyarrow, pyarrow.parquet
kind, name, visibility = sys.argv[1], sys.argv[2], int(sys.argv[3])
source = Path("source")
(source / "data").mkdir(parents=True)
rows = [{"text": f"row {i}", "label": i % 3} for i in range(1000)]
for split, part in ("train", rows[:900]), ("test", rows[900:]):
    place = source / "data" / f"{split}.{kind}"
    if kind == "csv":
        place.write_text("text,label\\n" + "".join(f"{r['text']},{r['label']}\\n" for r in part))
    elif kind == "jsonl":
        place.write_text("".join(json.dumps(r) + "\\n" for r in part))
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(part), place)
api.create_repo(name, repo_type="dataset", visibility=visibility)
api.upload_folder(repo_id=name, folder_path=str(source), repo_type="dataset")
"""

LOAD = """
train = MsDataset.load(sys.argv[1], split="train")
test = MsDataset.load(sys.argv[1], split="test")
print(json.dumps([len(train), train[7]["text"], int(train[8]["label"]), len(test), test[0]["text"]]), flush=True)
os._exit(0)
"""


@pytest.fixture
def modelscope(client: Script, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Script:
    def run(script: str, *arguments: str, token: str = TOKEN) -> str:
        home = tmp_path_factory.mktemp("client")
        code = f"import os\nos.chdir({str(home)!r})\n{SETUP}\n{script}"
        settings = {
            "MODELSCOPE_ENDPOINT": server.url,
            "MODELSCOPE_API_TOKEN": token,
            "MODELSCOPE_CACHE": str(home / "cache"),
        }
        return client(code, *arguments, HOME=str(home), **settings)

    return run


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_rows_of_a_public_data_set(modelscope: Script, kind: str) -> None:
    name = f"{USER}/rows-{kind}"
    modelscope(UPLOAD, kind, name, "5")
    for token in (TOKEN, ""):
        shown = modelscope(LOAD, name, token=token).splitlines()[-1]
        assert json.loads(shown) == [900, "row 7", 2, 100, "row 900"]


def test_rows_of_a_private_data_set(modelscope: Script) -> None:
    name = f"{USER}/rows-private"
    modelscope(UPLOAD, "csv", name, "1")
    assert json.loads(modelscope(LOAD, name).splitlines()[-1])[0] == 900
    with pytest.raises(AssertionError, match="NotExistError"):
        modelscope(LOAD, name, token="")
