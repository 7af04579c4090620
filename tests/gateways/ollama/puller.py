"""``ollama pull``, as its source says it goes (server/images.go, download.go and auth.go of 0.12): one Go program less."""

import hashlib
import json
import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

AGENT = "ollama/0.12.6 (amd64 linux) Go/go1.24.1"
PART = 2**20
"""100 MB in the client: a test has no such file."""


class PullError(Exception):
    """What the client tells its user."""


class Pulled(NamedTuple):
    """A model as it lies in the client's folder: the manifest, and each blob under its digest."""

    manifest: dict[str, Any]
    blobs: dict[str, bytes]

    def layer(self, kind: str) -> bytes:
        """The content of the one layer of a kind."""
        [found] = [
            item for item in self.manifest["layers"] if item["mediaType"] == f"application/vnd.ollama.image.{kind}"
        ]
        return self.blobs[found["digest"]]

    @property
    def kinds(self) -> list[str]:
        """The kinds of its layers."""
        return [item["mediaType"].rpartition(".")[2] for item in self.manifest["layers"]]

    @property
    def config(self) -> dict[str, Any]:
        """The config blob, decoded."""
        decoded: dict[str, Any] = json.loads(self.blobs[self.manifest["config"]["digest"]])
        return decoded


def pull(origin: str, name: str, tag: str = "latest") -> Pulled:
    """Pull ``origin/name:tag``; nobody's credentials."""
    with httpx.Client(headers={"User-Agent": AGENT}, timeout=60) as registry:
        answer = _retried(
            registry,
            "GET",
            f"{origin}/v2/{name}/manifests/{tag}",
            "application/vnd.docker.distribution.manifest.v2+json",
        )
        manifest = json.loads(answer.content)
        blobs = {
            item["digest"]: _download(registry, f"{origin}/v2/{name}/blobs/{item['digest']}", item["digest"])
            for item in [*manifest["layers"], manifest["config"]]
        }
    return Pulled(manifest, blobs)


def _retried(registry: httpx.Client, method: str, url: str, accept: str = "*/*") -> httpx.Response:
    """``makeRequestWithRetry``: on a 401 once more, with a token for the client's own key."""
    answer = registry.request(method, url, headers={"Accept": accept}, follow_redirects=True)
    if answer.status_code == 401:
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', answer.headers["www-authenticate"]))
        query = {"service": challenge["service"], "scope": challenge.get("scope", ""), "ts": "1", "nonce": "n"}
        token = registry.get(challenge["realm"], params=query, headers={"Authorization": "AAAAC3NzaC1lZDI1NTE5:c2ln"})
        if token.status_code >= 400:
            raise PullError(f"{token.status_code}: {token.text}")
        bearer = {"Accept": accept, "Authorization": f"Bearer {token.json()['token']}"}
        answer = registry.request(method, url, headers=bearer, follow_redirects=True)
    if answer.status_code == 404:
        raise PullError("file does not exist")
    if answer.status_code >= 400:
        raise PullError(f"{answer.status_code}: {answer.text}")
    return answer


def _download(registry: httpx.Client, url: str, digest: str) -> bytes:
    """``downloadBlob``: the size, the direct address, then parts that carry neither credentials nor the client's name."""
    total = int(_retried(registry, "HEAD", url).headers["content-length"])
    direct = _direct(registry, url)
    content = bytearray()
    with httpx.Client(headers={"User-Agent": "Go-http-client/1.1"}, timeout=60, follow_redirects=True) as plain:
        for start in range(0, total, PART):
            end = min(start + PART, total)
            part = plain.get(direct, headers={"Range": f"bytes={start}-{end - 1}"})
            if len(part.content) < end - start:
                raise PullError("unexpected EOF")
            content += part.content[: end - start]
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
        raise PullError("digest mismatch, file must be downloaded again")
    return bytes(content)


def _direct(registry: httpx.Client, url: str) -> str:
    """Redirects on the same host are followed and forgotten, one to another host is where the parts come from."""
    with registry.stream("GET", url) as answer:
        target = str(answer.next_request.url) if answer.next_request else url
        if answer.is_redirect and urlsplit(target).hostname != urlsplit(url).hostname:
            return target
        if answer.is_redirect:
            _direct(registry, target)
        elif answer.status_code != 200:
            raise PullError(f"unexpected status code {answer.status_code}")
    return url
