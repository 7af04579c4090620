"""The storage initializer of KServe fetches one model through every protocol it knows."""

import hashlib
import json
import os
import urllib.request

import pytest
from bench.server import TOKEN, USER, Server

from tests.engines.conftest import Script

NAME = f"{USER}/served"
WEIGHTS = os.urandom(2_000_000)

FETCH = """
import hashlib, pathlib, sys, tempfile
from kserve_storage import Storage
folder = pathlib.Path(Storage.download(sys.argv[1], tempfile.mkdtemp()))
[found] = folder.rglob("model.safetensors")
print(found.relative_to(folder), hashlib.sha256(found.read_bytes()).hexdigest())
"""

PUSH = """
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo(sys.argv[1])
api.upload_file(repo_id=sys.argv[1], path_or_fileobj=sys.argv[2], path_in_repo="model.safetensors")
"""


@pytest.fixture(scope="module", autouse=True)
def pushed(client: Script, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("push") / "model.safetensors"
    file.write_bytes(WEIGHTS)
    client(PUSH, NAME, str(file))


def _expected(path: str = "model.safetensors") -> list[str]:
    return [path, hashlib.sha256(WEIGHTS).hexdigest()]


@pytest.mark.parametrize("name", ["model.tar.gz", "model.tgz", "model.tar", "model.zip"])
def test_an_archive_by_its_address(client: Script, server: Server, name: str) -> None:
    found = client(FETCH, f"{server.url}/{NAME}/archive/main/{name}?top=").splitlines()[-1]
    assert found.split() == _expected()


def test_an_archive_with_its_top_folder(client: Script, server: Server) -> None:
    found = client(FETCH, f"{server.url}/{NAME}/archive/main/model.tar.gz").splitlines()[-1]
    assert found.split() == _expected("served-main/model.safetensors")


def test_one_file_by_its_address(client: Script, server: Server) -> None:
    found = client(FETCH, f"{server.url}/{NAME}/resolve/main/model.safetensors").splitlines()[-1]
    assert found.split() == _expected()


def test_hugging_face(client: Script) -> None:
    found = client(FETCH, f"hf://{NAME}").splitlines()[-1]
    assert found.split() == _expected()


def test_modelscope(client: Script, server: Server) -> None:
    endpoint = {"MODELSCOPE_ENDPOINT": server.url, "MODELSCOPE_API_TOKEN": TOKEN}
    found = client(FETCH, f"modelscope://{NAME}", **endpoint).splitlines()[-1]
    assert found.split() == _expected()


@pytest.mark.parametrize("uri", ["s3://{bucket}/", "s3://{bucket}/model.safetensors", "s3://{bucket}--main/"])
def test_s3(client: Script, server: Server, uri: str) -> None:
    request = urllib.request.Request(
        f"{server.url}/api/cg/v1/me/access-keys",
        data=b'{"purpose": "s3"}',
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        pair = json.load(answer)
    environment = {
        "AWS_ENDPOINT_URL": f"{server.url}/s3",
        "AWS_ACCESS_KEY_ID": pair["id"],
        "AWS_SECRET_ACCESS_KEY": pair["secret"],
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    found = client(FETCH, uri.format(bucket=NAME.replace("/", ".")), **environment).splitlines()[-1]
    assert found.split() == _expected()
