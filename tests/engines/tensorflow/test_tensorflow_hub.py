"""tensorflow_hub loads a SavedModel from the address of a repository's page."""

import json
import urllib.request

from bench.server import TOKEN, USER, Server

from tests.engines.conftest import Script

PUSH = """
import hashlib, json, sys, tempfile
import tensorflow as tf
from huggingface_hub import HfApi

class Affine(tf.Module):
    def __init__(self):
        self.weight = tf.Variable(tf.random.normal([64, 32]), name="weight")
        self.bias = tf.Variable(tf.random.normal([32]), name="bias")
    @tf.function(input_signature=[tf.TensorSpec([None, 64], tf.float32)])
    def __call__(self, inputs):
        return inputs @ self.weight + self.bias

model, folder = Affine(), tempfile.mkdtemp()
tf.saved_model.save(model, folder)
name, private, place = sys.argv[1], sys.argv[2] == "private", sys.argv[3]
api = HfApi()
api.create_repo(name, private=private)
commit = api.upload_folder(repo_id=name, folder_path=folder, path_in_repo=place)
print(json.dumps({
    "commit": commit.oid,
    "hashes": [hashlib.sha256(v.numpy().tobytes()).hexdigest() for v in (model.weight, model.bias)],
    "answer": model(tf.ones([1, 64])).numpy().tolist(),
}))
"""

LOAD = """
import hashlib, json, os, sys, tempfile
os.environ["TFHUB_CACHE_DIR"] = tempfile.mkdtemp()
import tensorflow as tf
import tensorflow_hub as hub
model = hub.load(sys.argv[1])
layer = hub.KerasLayer(sys.argv[1])
print(json.dumps({
    "hashes": [hashlib.sha256(v.numpy().tobytes()).hexdigest() for v in (model.weight, model.bias)],
    "answer": layer(tf.ones([1, 64])).numpy().tolist(),
    "files": sorted(os.listdir(hub.resolve(sys.argv[1]))),
}))
"""

REFUSED = """
import os, sys, tempfile, urllib.error
os.environ["TFHUB_CACHE_DIR"] = tempfile.mkdtemp()
import tensorflow_hub as hub
try:
    hub.resolve(sys.argv[1])
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except ValueError as error:
    print(error)
"""


def _last(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(text.splitlines()[-1])
    return found


def test_load_and_keras_layer(client: Script, server: Server) -> None:
    pushed = _last(client(PUSH, f"{USER}/saved", "public", "."))
    for handle in (f"{USER}/saved", f"{USER}/saved/tree/{pushed['commit']}"):
        loaded = _last(client(LOAD, f"{server.url}/{handle}"))
        assert (loaded["hashes"], loaded["answer"]) == (pushed["hashes"], pushed["answer"])
        assert {"saved_model.pb", "variables"} <= set(loaded["files"])  # type: ignore[call-overload]


def test_a_folder_of_a_private_repository_through_a_link(client: Script, server: Server) -> None:
    pushed = _last(client(PUSH, f"{USER}/hidden", "private", "models/one"))
    request = urllib.request.Request(
        f"{server.url}/api/cg/v1/repositories/models/{USER}/hidden/links",
        data=b"{}",
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        token = json.load(answer)["token"]
    handle = f"{server.url}/{USER}/hidden/tree/main/models/one"
    loaded = _last(client(LOAD, f"{handle}?token={token}"))
    assert (loaded["hashes"], loaded["answer"]) == (pushed["hashes"], pushed["answer"])
    assert client(REFUSED, handle).startswith("401")


def test_refusals_say_why(client: Script, server: Server) -> None:
    _last(client(PUSH, f"{USER}/nested", "public", "models/one"))
    text = client(REFUSED, f"{server.url}/{USER}/nested")
    assert text.startswith("404")
    assert "saved_model.pb" in text
    other = client(REFUSED, f"{server.url}/{USER}/nested/tree/main/models/one", TFHUB_MODEL_LOAD_FORMAT="UNCOMPRESSED")
    assert "received code 400" in other
