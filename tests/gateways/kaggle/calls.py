"""The services called without the client, to send what it never would."""

import hashlib
from typing import Any

import httpx

from tests.gateways.git.server import Hub

MODELS, DATASETS, BLOBS = "models.ModelApiService", "datasets.DatasetApiService", "blobs.BlobApiService"
KERAS = "MODEL_FRAMEWORK_KERAS"


class Caller:
    """A user of the services."""

    def __init__(self, hub: Hub, user: str | None = "ada") -> None:
        self.http = hub.client(user)

    def call(self, service: str, method: str, **message: Any) -> httpx.Response:
        """The answer to a call."""
        return self.http.post(f"/api/v1/{service}/{method}", json=message)

    def begin(self, name: str, size: int) -> tuple[str, str]:
        """Begin an upload: its token, and where to send it."""
        answer = self.call(BLOBS, "StartBlobUpload", type="MODEL", name=name, contentLength=size).json()
        return answer["token"], answer["createUrl"]

    def upload(self, name: str, content: bytes) -> str:
        """The token of a whole upload."""
        token, url = self.begin(name, len(content))
        assert httpx.put(url, content=content).status_code == 200
        return token

    def publish(self, repository: str, variation: str, **files: bytes) -> httpx.Response:
        """A new version of a variation of a model that is there; ``_`` in names stands for the dot."""
        owner, name = repository.split("/")
        tokens = [{"token": self.upload(path.replace("_", "."), content)} for path, content in files.items()]
        place = {"ownerSlug": owner, "modelSlug": name, "framework": KERAS, "instanceSlug": variation}
        return self.call(MODELS, "CreateModelInstanceVersion", **place, body={"files": tokens})


def instance(repository: str, variation: str = "default", **more: Any) -> dict[str, Any]:
    """The fields that name a variation of a model."""
    owner, name = repository.split("/")
    return {"ownerSlug": owner, "modelSlug": name, "framework": KERAS, "instanceSlug": variation, **more}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
