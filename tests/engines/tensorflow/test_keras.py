"""Keras: one preset through three protocols, and a model by its address."""

import json

import pytest
from bench.server import TOKEN, USER, Server

from tests.engines.conftest import Script

PUBLISH = """
import sys
import keras, keras_hub
from huggingface_hub import HfApi
name, private = sys.argv[1], sys.argv[2] == "private"
keras.utils.set_random_seed(7)
backbone = keras_hub.models.BertBackbone(
    vocabulary_size=40, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=12
)
backbone.save_to_preset("preset")
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3)])
model.save("preset/dense.keras")
api = HfApi()
api.create_repo(name, private=private)
api.upload_folder(repo_id=name, folder_path="preset")
"""

FINGERPRINT = """
import hashlib, json, sys
import keras, numpy
def fingerprint(model):
    return hashlib.sha256(b"".join(numpy.asarray(weight).tobytes() for weight in model.get_weights())).hexdigest()
"""

LOCAL = FINGERPRINT + "import keras_hub\nprint(fingerprint(keras_hub.models.Backbone.from_preset('preset')))"

PRESET = (
    FINGERPRINT
    + """
import keras_hub
shown = []
for handle in sys.argv[1:]:
    shown.append(fingerprint(keras_hub.models.Backbone.from_preset(handle)))
print(json.dumps(shown))
"""
)

MODEL = (
    FINGERPRINT
    + """
path = keras.utils.get_file("dense.keras", sys.argv[1], file_hash=sys.argv[2])
print(fingerprint(keras.models.load_model(path)))
"""
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("keras"))


@pytest.fixture(scope="module")
def run(client: Script, server: Server, home: str, tmp_path_factory: pytest.TempPathFactory) -> Script:
    """Runs a script in ``home`` with empty caches; the Kaggle client comes through the proxy it is told of."""

    def started(script: str, *arguments: str, token: str = TOKEN) -> str:
        caches = tmp_path_factory.mktemp("caches")
        settings = {
            "HF_TOKEN": token,
            "MODELSCOPE_ENDPOINT": server.url,
            "MODELSCOPE_API_TOKEN": token,
            "MODELSCOPE_CACHE": str(caches / "modelscope"),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "KAGGLE_API_TOKEN": token,
            "KAGGLEHUB_CACHE": str(caches / "kaggle"),
            "http_proxy": server.url,
            "no_proxy": "127.0.0.1",
            "HOME": str(caches),
            "KERAS_HOME": str(caches / "keras"),
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        return client(f"import os\nos.chdir({home!r})\n{script}", *arguments, **settings).splitlines()[-1]

    return started


@pytest.fixture(scope="module")
def expected(run: Script) -> str:
    """The weights of the preset that was published."""
    return run(PUBLISH + LOCAL, f"{USER}/bert", "public")


def test_a_preset_through_every_protocol(run: Script, expected: str) -> None:
    name = f"{USER}/bert"
    handles = [f"hf://{name}", f"modelscope://{name}", f"kaggle://{name}/keras/default"]
    assert json.loads(run(PRESET, *handles)) == [expected] * 3


def test_a_public_preset_needs_no_token(run: Script, expected: str) -> None:
    name = f"{USER}/bert"
    assert json.loads(run(PRESET, f"hf://{name}", f"modelscope://{name}", token="")) == [expected] * 2


def test_a_private_preset_opens_to_its_owner_alone(run: Script) -> None:
    name = f"{USER}/bert-private"
    secret = run(PUBLISH + LOCAL, name, "private")
    handles = [f"hf://{name}", f"modelscope://{name}", f"kaggle://{name}/keras/default"]
    assert json.loads(run(PRESET, *handles)) == [secret] * 3
    for handle in handles:
        with pytest.raises(AssertionError):
            run(PRESET, handle, token="")


def test_a_model_by_its_address(run: Script, server: Server, expected: str, home: str) -> None:
    path = f"/{USER}/bert/resolve/main/dense.keras"
    listed = json.loads(server.get(f"/api/v1/models/{USER}/bert/repo/files"))["Data"]["Files"]
    sha256 = next(file["Sha256"] for file in listed if file["Path"] == "dense.keras")
    local = FINGERPRINT + "print(fingerprint(keras.models.load_model('preset/dense.keras')))"
    assert run(MODEL, server.url + path, sha256) == run(local)
