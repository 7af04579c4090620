"""A client of the time before Xet was the only way: it uploads through git LFS."""

import pytest
from bench.server import USER

from tests.engines.conftest import Script

ROUND_TRIP = """
import hashlib, os
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
api = HfApi()
api.create_repo("{user}/old", private=True, exist_ok=True)
data = os.urandom(12_000_000)
api.upload_file(path_or_fileobj=data, path_in_repo="weights.bin", repo_id="{user}/old")
api.upload_file(path_or_fileobj=b"hello", path_in_repo="folder/note.txt", repo_id="{user}/old")
path = hf_hub_download("{user}/old", "weights.bin")
assert hashlib.sha256(open(path, "rb").read()).digest() == hashlib.sha256(data).digest()
folder = snapshot_download("{user}/old")
print(sorted(api.list_repo_files("{user}/old")))
api.delete_repo("{user}/old")
"""


@pytest.mark.parametrize("disable_xet", ["1", "0"])
def test_upload_and_download(client: Script, disable_xet: str) -> None:
    assert "'folder/note.txt', 'weights.bin'" in client(ROUND_TRIP.format(user=USER), HF_HUB_DISABLE_XET=disable_xet)
