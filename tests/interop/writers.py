"""Real clients that make a repository and put a folder into it."""

from collections.abc import Callable
from pathlib import Path

import httpx

from tests.interop.hub import TOKEN, USER, Hub

Writer = Callable[[Hub, str, Path], None]

HUGGINGFACE = """
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo(sys.argv[1])
api.upload_folder(repo_id=sys.argv[1], folder_path=sys.argv[2])
"""

GIT = """
git config --global user.name bench; git config --global user.email bench@example.org
git lfs install >/dev/null
git clone -q "http://$HUB_USER:$HUB_TOKEN@$HUB_HOST/$1" "$HOME/work"
cp -r "$2"/. "$HOME/work"; cd "$HOME/work"
git add .; git commit -qm "Add the files"; git push -q
"""

MODELSCOPE = """
import os, sys
from modelscope.hub.api import HubApi
api = HubApi()
api.login(os.environ["MODELSCOPE_API_TOKEN"])
api.create_model(sys.argv[1], visibility=5)
api.upload_folder(repo_id=sys.argv[1], folder_path=sys.argv[2], commit_message="Add the files")
"""

ORAS = """
import os, sys
from oras.client import OrasClient
client = OrasClient(hostname=os.environ["HUB_HOST"], insecure=True, auth_backend="token")
client.auth.set_basic_auth(os.environ["HUB_USER"], os.environ["HUB_TOKEN"])
os.chdir(sys.argv[2])
client.push(target=f"{os.environ['HUB_HOST']}/{sys.argv[1]}:main", files=sorted(os.listdir(".")))
"""

MODELPACK = """
import os, sys
from modelpack_client import ModelLayer, ModelPackClient, ModelPackConfig
client = ModelPackClient(insecure=True)
client.login(os.environ["HUB_HOST"], os.environ["HUB_USER"], os.environ["HUB_TOKEN"])
os.chdir(sys.argv[2])
raw = "application/vnd.cncf.model.%s.v1.raw"
layers = [ModelLayer("model.safetensors", raw % "weight"), ModelLayer("config.json", raw % "weight.config")]
client.push(f"{os.environ['HUB_HOST']}/{sys.argv[1]}:main", layers, ModelPackConfig())
"""

BOTO3 = """
import os, sys
import boto3
from botocore.config import Config
client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
bucket = sys.argv[1].replace("/", ".")
client.create_bucket(Bucket=bucket)
for name in sorted(os.listdir(sys.argv[2])):
    client.upload_file(os.path.join(sys.argv[2], name), bucket, name)
"""

KAGGLE = """
import sys
import kagglehub
kagglehub.model_upload(f"{sys.argv[1]}/other/default", sys.argv[2], "Apache 2.0")
"""

COMMONGROUND = """
import os, sys
import commonground as cg
hub = cg.Hub(os.environ["HUB"], os.environ["HUB_TOKEN"])
hub.create_repository(sys.argv[1])
hub.upload_folder(sys.argv[1], sys.argv[2])
"""


def _git(hub: Hub, repository: str, folder: Path) -> None:
    with httpx.Client(base_url=hub.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        http.post("/api/repos/create", json={"name": repository.partition("/")[2]}).raise_for_status()
    hub.shell(GIT, repository, folder)


def _web(hub: Hub, repository: str, folder: Path) -> None:
    """The two forms of the pages."""
    with httpx.Client(base_url=hub.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        made = http.post(
            "/new", data={"owner": USER, "name": repository.partition("/")[2], "kind": "model", "visibility": "public"}
        )
        assert made.status_code == 303, made.text
        files = [("files", (path.name, path.read_bytes())) for path in sorted(folder.iterdir())]
        sent = http.post(f"/{repository}/upload/main", files=files)
        assert sent.status_code == 303, sent.text


def _script(script: str, **extra: str) -> Writer:
    def write(hub: Hub, repository: str, folder: Path) -> None:
        hub.python(script, repository, folder, **extra)

    return write


WRITERS: dict[str, Writer] = {
    "huggingface_hub (Xet)": _script(HUGGINGFACE),
    "huggingface_hub (LFS)": _script(HUGGINGFACE, HF_HUB_DISABLE_XET="1"),
    "git + git-lfs": _git,
    "ModelScope": _script(MODELSCOPE),
    "oras": _script(ORAS),
    "modelpack-client": _script(MODELPACK),
    "boto3 (S3)": _script(BOTO3),
    "kagglehub": _script(KAGGLE, proxy="yes"),
    "web": _web,
    "commonground": _script(COMMONGROUND),
}
