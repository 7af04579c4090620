"""A real server with two users who know nothing of each other: alice owns, mallory tries."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from bench.server import Server

from tests.system.house import People

TOKENS = {"alice": "hf_alicealicealicealicealicealicealice", "mallory": "hf_mallorymallorymallorymallorymallo"}


@dataclass
class User:
    """A signed-in caller of the HTTP API."""

    name: str
    token: str
    http: httpx.Client

    def create(self, name: str, kind: str = "model", visibility: str = "private") -> str:
        """Make a repository; its full name."""
        answer = self.http.post("/api/repos/create", json={"name": name, "type": kind, "visibility": visibility})
        assert answer.status_code == 200, answer.text
        return f"{self.name}/{name}"

    def commit(
        self, repository: str, *lines: Mapping[str, Any], header: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """Post a commit of raw NDJSON lines to main."""
        first = {"key": "header", "value": {"summary": "test", "description": "", **(header or {})}}
        body = "\n".join(json.dumps(line) for line in [first, *lines])
        return self.raw_commit(repository, body.encode())

    def raw_commit(self, repository: str, body: bytes) -> httpx.Response:
        """Post any bytes as a commit to main."""
        headers = {"Content-Type": "application/x-ndjson"}
        return self.http.post(f"/api/models/{repository}/commit/main", content=body, headers=headers)

    def lfs_batch(self, repository: str, operation: str, *objects: tuple[str, int]) -> httpx.Response:
        """Ask the LFS API about (oid, size) pairs."""
        body = {
            "operation": operation,
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [{"oid": oid, "size": size} for oid, size in objects],
        }
        headers = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}
        return self.http.post(f"/{repository}.git/info/lfs/objects/batch", json=body, headers=headers)

    def lfs_upload(self, repository: str, path: str, data: bytes) -> str:
        """Upload ``data`` through LFS and commit it; its SHA-256."""
        oid = hashlib.sha256(data).hexdigest()
        [answer] = self.lfs_batch(repository, "upload", (oid, len(data))).json()["objects"]
        if "actions" in answer:
            action = answer["actions"]["upload"]
            put = httpx.put(action["href"], content=data, headers=action.get("header", {}))
            assert put.status_code < 300, put.text
        response = self.commit(repository, pointer(path, oid, len(data)))
        assert response.status_code == 200, response.text
        return oid


def file(path: str, content: bytes) -> dict[str, Any]:
    """The commit line of a regular file."""
    value = {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}
    return {"key": "file", "value": value}


def pointer(path: str, oid: str, size: int | None = None) -> dict[str, Any]:
    """The commit line of an LFS file."""
    value = {"path": path, "algo": "sha256", "oid": oid} | ({} if size is None else {"size": size})
    return {"key": "lfsFile", "value": value}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all system tests; every test makes repositories of its own."""
    with Server() as running:
        for name, token in TOKENS.items():
            running.command("admin", "create-user", name, "--data", str(running.data))
            running.command(
                "admin", "create-token", name, "--role", "write", "--value", token, "--data", str(running.data)
            )
        yield running


@pytest.fixture(scope="session")
def people(server: Server) -> Iterator[People]:
    """Callers of every role."""
    made = People(server)
    yield made
    made.close()


def _user(server: Server, name: str) -> Iterator[User]:
    headers = {"Authorization": f"Bearer {TOKENS[name]}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as http:
        yield User(name, TOKENS[name], http)


@pytest.fixture
def alice(server: Server) -> Iterator[User]:
    """Owns the repositories of a test."""
    yield from _user(server, "alice")


@pytest.fixture
def mallory(server: Server) -> Iterator[User]:
    """Has an account, and no right to anything of alice's."""
    yield from _user(server, "mallory")


@pytest.fixture
def anonymous(server: Server) -> Iterator[httpx.Client]:
    """Nobody."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        yield http
