"""What the page of a data set offers to paste runs as it is."""

import os
import subprocess
import sys
from pathlib import Path

from commonground.gateways.croissant.snippets import snippets
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository
from commonground.sdk.hub import Hub


def use(kind: str, name: str, origin: str) -> Use:
    made = Repository(id=1, kind=kind, owner_id=1, owner="alice", name=name, visibility="public")  # type: ignore[arg-type]
    return Use(repository=made, origin=origin)


def test_only_data_sets_have_one() -> None:
    assert snippets(use("model", "m", "http://hub")) == []
    assert [snippet.title for snippet in snippets(use("dataset", "d", "http://hub"))] == ["Croissant"]


def test_it_prints_the_first_row(address: str, hub: Hub, data: str, tmp_path: Path) -> None:
    hub.upload_file(f"{data}/train.csv", b"a,b\n1,x\n2,y\n")
    [snippet] = snippets(use("dataset", data.rpartition("/")[2], address))
    environment = {**os.environ, "CROISSANT_CACHE": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", "-c", snippet.code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "{'default/a': 1, 'default/b': b'x'}\n", done.stderr[-2000:]
