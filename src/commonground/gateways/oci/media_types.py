"""Media types of the OCI image format, of CNCF ModelPack and of KitOps; which one a file gets."""

import re

from commonground.accounts.model import RepositoryKind

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFESTS = frozenset({IMAGE_MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({IMAGE_INDEX, DOCKER_LIST})

CONTAINER_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
"""Configs of what a container engine runs."""

ELSEWHERE = re.compile(r"application/vnd\.(?:oci\.image\.layer\.nondistributable|docker\.image\.rootfs\.foreign)")
"""Layers that readers fetch from where their owner offers them."""

MODEL_MANIFEST = "application/vnd.cncf.model.manifest.v1+json"
MODEL_CONFIG = "application/vnd.cncf.model.config.v1+json"
FILE_PATH = "org.cncf.model.filepath"
TITLE = "org.opencontainers.image.title"
REVISION = "org.opencontainers.image.revision"
CREATED = "org.opencontainers.image.created"
UNPACK = "io.deis.oras.content.unpack"
FOLDER = "application/vnd.oci.image.layer.v1.tar+gzip"
"""What oras makes of a folder. (What it calls ``...v1.tar``, its default, is a plain file of any kind.)"""

_MODEL_TAR = re.compile(
    r"application/vnd\.(?:cncf\.model\.(?:weight|weight\.config|doc|code|dataset)"
    r"|kitops\.modelkit\.(?:model|modelpart|dataset|code|docs|prompt))\.v1\.tar(?P<compression>\+\w+)?"
)
_WEIGHTS = re.compile(
    r"\.(?:safetensors|bin|gguf|ggml|pt|pth|ckpt|onnx|onnx_data|pb|h5|keras|tflite|mlmodel|msgpack|npz|npy|joblib|pkl|pickle|model|engine|params|weights)\Z"
)
_CODE = re.compile(r"\.(?:py|ipynb|sh|js|ts|c|cc|cpp|cu|h|hpp|java|go|rs|r|jl|lua)\Z|(?:\A|/)(?:Dockerfile|Makefile)\Z")
_DOC = re.compile(
    r"\.(?:md|rst|pdf|html|png|jpg|jpeg|gif|svg|bib)\Z|(?:\A|/)(?:LICENSE|NOTICE|README|CITATION)[^/]*\Z", re.IGNORECASE
)
_DATA = re.compile(r"\.(?:parquet|arrow|csv|tsv|jsonl|ndjson|tar|zip|gz|zst|wav|flac|mp3|mp4)\Z")


def layer_type(kind: RepositoryKind, path: str) -> str:
    """The media type of the unarchived layer of a file."""
    return f"application/vnd.cncf.model.{_kind_of(kind, path)}.v1.raw"


def _kind_of(kind: RepositoryKind, path: str) -> str:
    if _DOC.search(path):
        return "doc"
    if _CODE.search(path):
        return "code"
    if kind == "dataset" or _DATA.search(path):
        return "dataset"
    return "weight" if _WEIGHTS.search(path) else "weight.config"


def model_archive(media_type: str) -> str | None:
    """The compression (``""``, ``"+gzip"``...) of a ModelPack or ModelKit archive layer, whose paths start at the root."""
    match = _MODEL_TAR.fullmatch(media_type)
    return None if match is None else match["compression"] or ""
