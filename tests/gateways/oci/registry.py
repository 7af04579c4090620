"""A repository as a client of the registry protocol sees it, without a client."""

import hashlib
import json
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.gateways.git.server import TOKENS, Hub

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def descriptor(data: bytes, media_type: str, algorithm: str = "sha256", /, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data, algorithm), "size": len(data), **more}


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


class Registry:
    """``name`` for one user. Answers are asserted where a call is not what a test is about."""

    def __init__(self, hub: Hub, name: str, user: str | None = "ada") -> None:
        self.hub, self.name = hub, name
        headers = {"Authorization": f"Bearer {TOKENS[user]}"} if user else {}
        self.http = httpx.Client(base_url=hub.url(), headers=headers, timeout=60)

    def seen_by(self, user: str | None) -> "Registry":
        return Registry(self.hub, self.name, user)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, f"v2/{self.name}/{path}", **options)

    def follow(self, method: str, answer: httpx.Response, **options: Any) -> httpx.Response:
        """A request to the ``Location`` of an answer; ``params`` are added to its query."""
        return self.http.request(method, urljoin(str(answer.url), answer.headers["Location"]), **options)

    def push_blob(self, data: bytes, algorithm: str = "sha256") -> str:
        digest = digest_of(data, algorithm)
        started = self.ask("POST", "blobs/uploads/")
        assert started.status_code == 202, started.text
        done = self.follow("PUT", started, params={"digest": digest}, content=data)
        assert done.status_code == 201, done.text
        return digest

    def push(self, reference: str, manifest: Any, media_type: str = MANIFEST, **options: Any) -> httpx.Response:
        body = manifest if isinstance(manifest, bytes) else encoded(manifest)
        return self.ask("PUT", f"manifests/{reference}", content=body, headers={"Content-Type": media_type}, **options)

    def push_files(self, reference: str, files: dict[str, bytes], **fields: Any) -> bytes:
        """An artifact as oras makes it; the bytes of its manifest."""
        self.push_blob(b"{}")
        for data in files.values():
            self.push_blob(data)
        layers = [
            descriptor(data, "application/octet-stream", annotations={"org.opencontainers.image.title": path})
            for path, data in files.items()
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": "application/vnd.example",
            "config": descriptor(b"{}", EMPTY),
            "layers": layers,
            **fields,
        }
        body = encoded(manifest)
        answer = self.push(reference, body)
        assert answer.status_code == 201, answer.text
        return body

    def manifest(self, reference: str) -> httpx.Response:
        return self.ask("GET", f"manifests/{reference}")

    def blob(self, digest: str, **headers: str) -> httpx.Response:
        return self.ask("GET", f"blobs/{digest}", headers=headers)

    def tags(self, **query: Any) -> list[str]:
        answer = self.ask("GET", "tags/list", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["tags"])


def code(answer: httpx.Response) -> str:
    """The error code of an answer in the form of the protocol."""
    [error] = answer.json()["errors"]
    assert error["message"]
    return str(error["code"])
