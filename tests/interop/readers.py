"""Real clients that fetch whole repositories: one process for all of them, because starting a client is what takes long.

A reader puts ``owner/name`` below ``target/owner/name``.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.interop.hub import Hub

Reader = Callable[[Hub, Sequence[str], Path], None]

HUGGINGFACE = """
import os, sys
from huggingface_hub import snapshot_download
for name in sys.argv[2:]:
    snapshot_download(name, local_dir=os.path.join(sys.argv[1], name))
"""

GIT = """
target=$1; shift
git lfs install >/dev/null
for name in "$@"; do git clone -q "http://$HUB_USER:$HUB_TOKEN@$HUB_HOST/$name" "$target/$name"; done
"""

MODELSCOPE = """
import os, sys
from modelscope import snapshot_download
for name in sys.argv[2:]:
    snapshot_download(name, local_dir=os.path.join(sys.argv[1], name))
"""

ORAS = """
import os, sys
from oras.client import OrasClient
client = OrasClient(hostname=os.environ["HUB_HOST"], insecure=True, auth_backend="token")
client.auth.set_basic_auth(os.environ["HUB_USER"], os.environ["HUB_TOKEN"])
for name in sys.argv[2:]:
    client.pull(target=f"{os.environ['HUB_HOST']}/{name}:main", outdir=os.path.join(sys.argv[1], name))
"""

# By commit: under the tag that oras pushed to, its own manifest is answered, which is no ModelPack.
MODELPACK = """
import json, os, sys, urllib.request
from modelpack_client import ModelPackClient
client = ModelPackClient(insecure=True)
client.login(os.environ["HUB_HOST"], os.environ["HUB_USER"], os.environ["HUB_TOKEN"])
for name in sys.argv[2:]:
    target = os.path.join(sys.argv[1], name)
    os.makedirs(target)
    asked = urllib.request.Request(f"{os.environ['HUB']}/api/models/{name}",
                                   headers={"Authorization": "Bearer " + os.environ["HUB_TOKEN"]})
    with urllib.request.urlopen(asked) as answer:
        commit = json.load(answer)["sha"]
    client.pull(f"{os.environ['HUB_HOST']}/{name}:{commit}", target)
"""

SKOPEO = """
import json, os, subprocess, sys
for name in sys.argv[2:]:
    target = os.path.join(sys.argv[1], name)
    layout = target + ".dir"
    os.makedirs(target)
    subprocess.run(["skopeo", "copy", "-q", "--src-tls-verify=false",
                    "--src-creds", f"{os.environ['HUB_USER']}:{os.environ['HUB_TOKEN']}",
                    f"docker://{os.environ['HUB_HOST']}/{name}:main", f"dir:{layout}"], check=True)
    manifest = json.load(open(os.path.join(layout, "manifest.json")))
    for layer in manifest["layers"]:
        title = layer["annotations"]["org.opencontainers.image.title"]
        os.rename(os.path.join(layout, layer["digest"].partition(":")[2]), os.path.join(target, title))
"""

BOTO3 = """
import os, sys
import boto3
from botocore.config import Config
client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
for name in sys.argv[2:]:
    target, bucket = os.path.join(sys.argv[1], name), name.replace("/", ".")
    os.makedirs(target)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page["Contents"]:
            client.download_file(bucket, item["Key"], os.path.join(target, item["Key"]))
"""

PYARROW = """
import os, sys
from pyarrow import fs
s3 = fs.S3FileSystem(access_key=os.environ["AWS_ACCESS_KEY_ID"], secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
                     endpoint_override=os.environ["HUB_HOST"] + "/s3", scheme="http", force_virtual_addressing=False)
for name in sys.argv[2:]:
    os.makedirs(os.path.join(sys.argv[1], name))
    fs.copy_files(name.replace("/", "."), os.path.join(sys.argv[1], name), source_filesystem=s3)
"""

KAGGLE = """
import os, shutil, sys
import kagglehub
for name in sys.argv[2:]:
    folder = kagglehub.model_download(f"{name}/other/default")
    shutil.copytree(folder, os.path.join(sys.argv[1], name))
"""

WGET = """
target=$1; shift
for name in "$@"; do
  mkdir -p "$target/$name"
  wget -q --header "Authorization: Bearer $HUB_TOKEN" -O "$target/$name.tar.gz" "$HUB/$name/archive/main/x.tar.gz"
  tar -xzf "$target/$name.tar.gz" -C "$target/$name" --strip-components=1
done
"""


CURL = """
target=$1; shift
for name in "$@"; do
  mkdir -p "$target/$name"
  for file in model.safetensors config.json; do
    curl -fsSL -H "Authorization: Bearer $HUB_TOKEN" -o "$target/$name/$file" "$HUB/$name/resolve/main/$file"
  done
done
"""

FSSPEC = """
import os, sys
from huggingface_hub import HfFileSystem
files = HfFileSystem()
for name in sys.argv[2:]:
    files.get(name + "/", os.path.join(sys.argv[1], name) + "/", recursive=True)
"""

COMMONGROUND = """
import os, sys
import commonground as cg
hub = cg.Hub(os.environ["HUB"], os.environ["HUB_TOKEN"])
for name in sys.argv[2:]:
    hub.download_folder(name, os.path.join(sys.argv[1], name))
"""

MCP = """
import asyncio, base64, os, sys
import httpx
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

async def main():
    headers = {"Authorization": "Bearer " + os.environ["HUB_TOKEN"]}
    async with httpx.AsyncClient(headers=headers) as http:
        async with Client(streamable_http_client(os.environ["HUB"] + "/mcp", http_client=http)) as client:
            for name in sys.argv[2:]:
                target = os.path.join(sys.argv[1], name)
                os.makedirs(target)
                listed = (await client.call_tool("list_files", {"repository": name})).structured_content
                for item in listed["files"]:
                    await fetch(client, name, item["path"], target)

async def fetch(client, name, path, target):
    with open(os.path.join(target, path), "wb") as out:
        end, size = 0, 1
        while end < size:
            asked = {"repository": name, "path": path, "start": end, "length": 2**18, "encoding": "base64"}
            part = (await client.call_tool("read_file", asked)).structured_content
            out.write(base64.b64decode(part["content"]))
            end, size = part["end"], part["size"]

asyncio.run(main())
"""


def _python(script: str, **extra: str) -> Reader:
    def read(hub: Hub, repositories: Sequence[str], target: Path) -> None:
        hub.python(script, target, *repositories, **extra)

    return read


def _shell(script: str) -> Reader:
    def read(hub: Hub, repositories: Sequence[str], target: Path) -> None:
        hub.shell(script, target, *repositories)

    return read


READERS: dict[str, Reader] = {
    "huggingface_hub (Xet)": _python(HUGGINGFACE),
    "huggingface_hub (HTTP)": _python(HUGGINGFACE, HF_HUB_DISABLE_XET="1"),
    "HfFileSystem (fsspec)": _python(FSSPEC),
    "git + git-lfs": _shell(GIT),
    "ModelScope": _python(MODELSCOPE),
    "oras": _python(ORAS),
    "modelpack-client": _python(MODELPACK),
    "skopeo": _python(SKOPEO),
    "boto3 (S3)": _python(BOTO3),
    "pyarrow.fs (S3)": _python(PYARROW),
    "kagglehub": _python(KAGGLE, proxy="yes"),
    "wget (tar.gz)": _shell(WGET),
    "curl": _shell(CURL),
    "MCP": _python(MCP),
    "commonground": _python(COMMONGROUND),
}
