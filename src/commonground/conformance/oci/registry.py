"""A registry under test, and content to try it with."""

import hashlib
import json
import secrets
from functools import cached_property
from typing import Any

import httpx

from commonground.conformance.model import Failed, Skipped, expect, expect_status, header, json_of
from commonground.conformance.oci.credentials import RegistryAuth
from commonground.conformance.target import Target

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ARTIFACT = "application/vnd.commonground.conformance"
ANY = f"{MANIFEST}, {INDEX}, {DOCKER}, {DOCKER_LIST}"
ABSENT = "sha256:" + "0" * 64
BYTES = "application/octet-stream"


def digest_of(data: bytes) -> str:
    """``sha256:`` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Pushed:
    """A manifest on the registry."""

    def __init__(self, tag: str, body: bytes, media_type: str) -> None:
        self.tag, self.body, self.media_type = tag, body, media_type
        self.digest = digest_of(body)

    @property
    def descriptor(self) -> dict[str, Any]:
        """How other manifests point at it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)}


class Registry(Target):
    """``/v2/`` at an address. With ``write`` the checks push content of their own, else they look at what is there."""

    def __init__(self, address: str, repository: str, token: str | None = None, *, write: bool = False) -> None:
        super().__init__(address, repository, token, RegistryAuth(token))
        self.write = write
        self.base = f"/v2/{repository}"

    # --- asking -------------------------------------------------------------------------------------------------------

    def manifest(self, reference: str, method: str = "GET", accept: str = ANY) -> httpx.Response:
        """Ask for a manifest."""
        return self.send(method, f"{self.base}/manifests/{reference}", headers={"Accept": accept})

    def blob(self, digest: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask for a blob; one redirect is followed."""
        answer = self.send(method, f"{self.base}/blobs/{digest}", headers=headers)
        if answer.status_code not in {302, 303, 307, 308}:
            return answer
        there = answer.url.join(header(answer, "Location"))
        same = there.host == answer.url.host and there.port == answer.url.port
        return (self.http if same else self.anonymous).request(method, there, headers=headers)

    def begin(self, query: str = "") -> httpx.Response:
        """Begin an upload."""
        return self.send("POST", f"{self.base}/blobs/uploads/{query}", headers={"Content-Length": "0"})

    def location(self, answer: httpx.Response, **query: str) -> httpx.URL:
        """Where an upload goes on; relative addresses are allowed."""
        return answer.url.join(header(answer, "Location")).copy_merge_params(query)

    # --- making -------------------------------------------------------------------------------------------------------

    def data(self, size: int = 64) -> bytes:
        """Bytes that nobody has pushed before."""
        return secrets.token_bytes(size)

    def put_blob(self, data: bytes) -> str:
        """Push a blob in one piece; its digest."""
        begun = expect_status(self.begin(), 202)
        where = self.location(begun, digest=digest_of(data))
        expect_status(self.http.put(where, content=data, headers={"Content-Type": BYTES}), 201)
        return digest_of(data)

    def put_manifest(self, body: bytes, reference: str, media_type: str = MANIFEST) -> httpx.Response:
        """Push the bytes of a manifest."""
        headers = {"Content-Type": media_type}
        return self.send("PUT", f"{self.base}/manifests/{reference}", content=body, headers=headers)

    def document(self, data: bytes | None = None, **more: Any) -> dict[str, Any]:
        """A manifest of one layer; its blobs are pushed."""
        layer = self.data() if data is None else data
        digest, config = self.put_blob(layer), self.put_blob(b"{}")
        return {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": ARTIFACT,
            "config": {"mediaType": EMPTY, "digest": config, "size": 2},
            "layers": [
                {
                    "mediaType": BYTES,
                    "digest": digest,
                    "size": len(layer),
                    "annotations": {"org.opencontainers.image.title": f"{self.run}/{digest[7:19]}.bin"},
                }
            ],
            **more,
        }

    def push(self, tag: str | None = None, **more: Any) -> Pushed:
        """A new manifest under a tag of its own."""
        made = Pushed(tag or self.tag(), json.dumps(self.document(**more)).encode(), MANIFEST)
        expect_status(self.put_manifest(made.body, made.tag), 201)
        return made

    def tag(self) -> str:
        """A tag nobody uses."""
        return f"{self.run}-{secrets.token_hex(3)}"

    # --- what is there ------------------------------------------------------------------------------------------------

    @cached_property
    def sample(self) -> Pushed:
        """A manifest to pull: one pushed for this run, or the first one with a tag."""
        if self.write:
            return self._prepared()
        tags = json_of(expect_status(self.send("GET", f"{self.base}/tags/list"), 200), dict).get("tags") or []
        if not tags:
            raise Skipped("the repository has no tags")
        answer = expect_status(self.manifest(tags[0]), 200)
        return Pushed(tags[0], answer.content, answer.headers.get("content-type", "").partition(";")[0])

    @cached_property
    def layer(self) -> tuple[str, int]:
        """Digest and size of a blob to pull."""
        body = json.loads(self.sample.body)
        if not body.get("layers"):
            raise Skipped("the first tag is an index, or has no layers")
        return body["layers"][0]["digest"], body["layers"][0]["size"]

    @cached_property
    def referrers_offered(self) -> bool:
        """Whether the registry has the referrers API at all."""
        return self.send("GET", f"{self.base}/referrers/{ABSENT}").status_code == 200

    def _prepared(self) -> Pushed:
        try:
            return self.push()
        except Failed as why:
            raise Skipped(f"nothing could be pushed: {why}") from None


def expect_error(answer: httpx.Response, *codes: str) -> None:
    """Go on if the body is the specification's error envelope with one of these codes."""
    body = json_of(answer, dict)
    expect(isinstance(body.get("errors"), list) and body["errors"], "the body has no list 'errors'")
    expect(all(isinstance(error, dict) and "code" in error for error in body["errors"]), "an error has no code")
    given = [error["code"] for error in body["errors"]]
    expect(not codes or set(given) & set(codes), f"the code is {given}, not {' or '.join(codes)}")
