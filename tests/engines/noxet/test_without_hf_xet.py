"""Today's client on a machine where hf_xet is not installed: uploads go through git LFS, downloads are plain."""

from bench.server import USER

from tests.engines.conftest import Script

ROUND_TRIP = """
import hashlib, importlib.util, os
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
assert importlib.util.find_spec("hf_xet") is None
api = HfApi()
api.create_repo("{user}/noxet", private=True, exist_ok=True)
data = os.urandom(12_000_000)
api.upload_file(path_or_fileobj=data, path_in_repo="weights.bin", repo_id="{user}/noxet")
api.upload_file(path_or_fileobj=b"hello", path_in_repo="folder/note.txt", repo_id="{user}/noxet")
path = hf_hub_download("{user}/noxet", "weights.bin")
assert hashlib.sha256(open(path, "rb").read()).digest() == hashlib.sha256(data).digest()
print(sorted(os.listdir(snapshot_download("{user}/noxet"))))
"""


def test_upload_and_download(client: Script) -> None:
    assert "'folder', 'weights.bin'" in client(ROUND_TRIP.format(user=USER))
