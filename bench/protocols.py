"""The measures of area ``protocols``: every protocol serves the same bytes, at the speed of the hub's own."""

import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
from tests.interop.hub import Hub
from tests.interop.readers import READERS

from bench import clients
from bench.report import Measure, Row, interleave, row
from bench.server import TOKEN, USER, Server
from bench.transfers import GB, fetch, ratio

ORAS_PUSH = """
import os, sys
from oras.client import OrasClient
host, repository, path = sys.argv[1:]
client = OrasClient(hostname=host, insecure=True, auth_backend="token")
client.auth.set_basic_auth(os.environ["HUB_USER"], os.environ["HF_TOKEN"])
os.chdir(os.path.dirname(path))
client.push(target=f"{host}/{repository}:main", files=[os.path.basename(path)])
"""

PRESIGN = """
import sys
import boto3
from botocore.config import Config
endpoint, key, secret, bucket, name = sys.argv[1:]
client = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret,
                      region_name="us-east-1", config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"))
print(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": name}, ExpiresIn=3600))
"""


def gets() -> list[Row]:
    """GET of a warm 1 GB file as an OCI blob and as an S3 object, against the hub's own plain GET of it."""
    with _holding(GB) as (server, repository):
        own = f"{server.url}/{repository}/resolve/main/file.bin"
        with urllib.request.urlopen(urllib.request.Request(own, method="HEAD", headers=_bearer())) as answer:
            digest = answer.headers["X-Linked-Etag"].strip('"')
        blob = f"{server.url}/v2/{repository}/blobs/sha256:{digest}"
        fetch(own), fetch(own)
        server.wait_for_cache(GB)
        hub = _hub(server)
        signing = (f"{server.url}/s3", hub.access_key, hub.secret_key, repository.replace("/", "."), "file.bin")
        thing = clients.python(PRESIGN, *signing)[1].strip()
        oci = interleave(lambda: fetch(blob), lambda: fetch(own), times=5)
        s3 = interleave(lambda: fetch(thing, signed=True), lambda: fetch(own), times=5)
    return [ratio("oci_get_ratio", *oci, "plain_get"), ratio("s3_get_ratio", *s3, "plain_get")]


def push() -> list[Row]:
    """``oras push`` of 1 GB of random bytes, against its upload through LFS."""
    with Server() as server:
        number = count()

        def source() -> Path:
            return clients.random_file(server.root / f"file-{next(number)}.bin", GB)

        def oras() -> float:
            path, environment = source(), server.client_environment() | {"HUB_USER": USER}
            seconds, _ = clients.python(
                ORAS_PUSH, server.url[7:], f"{USER}/oras-{path.stem}", path, environment=environment
            )
            path.unlink()
            return seconds

        def lfs() -> float:
            path, environment = source(), server.client_environment() | {"HF_HUB_DISABLE_XET": "1"}
            seconds, _ = clients.python(
                clients.HUB_UPLOAD, f"{USER}/lfs-{path.stem}", path, path.name, environment=environment
            )
            path.unlink()
            return seconds

        mine, other = interleave(oras, lfs)
    return [ratio("oras_push_ratio", mine, other, "lfs")]


def growth() -> list[Row]:
    """Growth of everything the server keeps while one 200 MB model is fetched through every protocol, as a share of its
    size. The hub's own plain GETs come first: a file asked for twice is rebuilt into the bounded cache, which all share.
    """
    size = 200 * 10**6
    with _holding(size, "model.safetensors") as (server, repository):
        hub = _hub(server)
        for turn in ("first", "second"):
            READERS["curl"](hub, [repository], server.root / turn)
        server.wait_for_cache(size)
        before = _kept(server.data)
        for number, read in enumerate(READERS.values()):
            target = server.root / f"target-{number}"
            target.mkdir()
            read(hub, [repository], target)
            shutil.rmtree(target)
        grown = (_kept(server.data) - before) / size
    return [row("stored_growth_ratio", [grown], "ratio", "lower", {"readers": float(len(READERS))})]


@contextmanager
def _holding(size: int, name: str = "file.bin") -> Iterator[tuple[Server, str]]:
    """A server with one repository that holds a file of random bytes, and a small one."""
    repository = f"{USER}/served"
    with Server() as server:
        source = clients.random_file(server.root / name, size)
        small = server.root / "config.json"
        small.write_text("{}\n")
        for path in (source, small):
            clients.python(clients.HUB_UPLOAD, repository, path, path.name, environment=server.client_environment())
            path.unlink()
        yield server, repository


def _hub(server: Server) -> Hub:
    keys = httpx.post(f"{server.url}/api/cg/v1/me/access-keys", headers=_bearer()).raise_for_status().json()
    return Hub(server, keys["id"], keys["secret"])


def _bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


def _kept(folder: Path) -> int:
    """Bytes on disk, as ``du`` counts them."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


MEASURES: dict[str, Measure] = {"gets": gets, "push": push, "growth": growth}
