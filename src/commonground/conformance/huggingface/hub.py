"""A hub under test, through the API of a model repository."""

import base64
import hashlib
import json
import secrets
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx

from commonground.conformance.model import Failed, Skipped, expect, expect_status, header, json_of
from commonground.conformance.target import Target

LFS = "application/vnd.git-lfs+json"
NDJSON = "application/x-ndjson"
ABSENT = "0" * 64


class HuggingFace(Target):
    """``/api/models`` and ``/resolve`` at an address; ``repository`` is a model."""

    def __init__(self, address: str, repository: str, token: str | None = None) -> None:
        super().__init__(address, repository, token)
        self.api = f"/api/models/{repository}"

    def headers(self) -> dict[str, str]:
        """The token, as the client sends it."""
        return super().headers() | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    # --- asking -------------------------------------------------------------------------------------------------------

    def info(self, query: str = "") -> dict[str, Any]:
        """The repository."""
        found: dict[str, Any] = json_of(expect_status(self.send("GET", f"{self.api}{query}"), 200), dict)
        return found

    def tree(self, revision: str = "main", query: str = "") -> list[dict[str, Any]]:
        """A page of the tree."""
        found: list[dict[str, Any]] = json_of(
            expect_status(self.send("GET", f"{self.api}/tree/{quote(revision, safe='')}{query}"), 200), list
        )
        return found

    def resolve(self, path: str, method: str = "GET", revision: str = "main", **headers: str) -> httpx.Response:
        """A file, without following a redirect."""
        address = f"/{self.repository}/resolve/{quote(revision, safe='')}/{quote(path)}"
        return self.send(method, address, headers={"Accept-Encoding": "identity", **headers})

    def content(self, path: str, revision: str = "main", **headers: str) -> httpx.Response:
        """A file; a redirect is followed without the token where it leads to another host."""
        answer = self.resolve(path, revision=revision, **headers)
        while answer.status_code in {302, 303, 307, 308}:
            there = answer.url.join(header(answer, "Location"))
            client = self.http if there.host == answer.url.host else self.anonymous
            answer = client.get(there, headers=headers)
        return answer

    def batch(self, operation: str, *objects: tuple[str, int]) -> httpx.Response:
        """Ask the LFS API."""
        body = {
            "operation": operation,
            "transfers": ["basic", "multipart"],
            "hash_algo": "sha256",
            "objects": [{"oid": oid, "size": size} for oid, size in objects],
        }
        headers = {"Accept": LFS, "Content-Type": LFS}
        return self.send("POST", f"/{self.repository}.git/info/lfs/objects/batch", json=body, headers=headers)

    # --- writing ------------------------------------------------------------------------------------------------------

    def commit(self, *operations: tuple[str, dict[str, Any]], parent: str | None = None) -> httpx.Response:
        """Commit to main."""
        first = {"summary": "Conformance", "description": ""} | ({"parentCommit": parent} if parent else {})
        lines = [{"key": "header", "value": first}, *({"key": key, "value": value} for key, value in operations)]
        body = "\n".join(map(json.dumps, lines))
        return self.send("POST", f"{self.api}/commit/main", content=body, headers={"Content-Type": NDJSON})

    def add(self, path: str, content: bytes) -> tuple[str, dict[str, Any]]:
        """The operation that writes a file."""
        return "file", {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}

    def path(self, suffix: str = "txt") -> str:
        """A path nobody uses."""
        return f"{self.run}/{secrets.token_hex(4)}.{suffix}"

    def upload(self, data: bytes) -> str:
        """Send LFS content; its SHA-256."""
        oid = hashlib.sha256(data).hexdigest()
        body = json_of(expect_status(self.batch("upload", (oid, len(data))), 200), dict)
        actions = body["objects"][0].get("actions")
        if actions is None:
            raise Failed("content nobody has sent is not asked for")
        where = self.http.build_request("GET", actions["upload"]["href"]).url
        sent = self.anonymous.put(where, content=data, headers=_plain(actions["upload"].get("header")))
        expect(sent.status_code < 300, f"the upload answered {sent.status_code}")
        if verify := actions.get("verify"):
            told = {"oid": oid, "size": len(data)}
            answer = self.send("POST", verify["href"], json=told, headers=_plain(verify.get("header")))
            expect(answer.status_code < 300, f"verify answered {answer.status_code}")
        return oid

    # --- what is there ------------------------------------------------------------------------------------------------

    @cached_property
    def sha(self) -> str:
        """The commit of main."""
        return str(self.info()["sha"])

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The first page of all files and folders."""
        return self.tree(query="?recursive=true")

    @cached_property
    def file(self) -> dict[str, Any]:
        """A file that is kept in git."""
        return self._first(lambda entry: entry["type"] == "file" and "lfs" not in entry and entry["size"] > 1, "file")

    @cached_property
    def large_file(self) -> dict[str, Any]:
        """A file that is kept in LFS."""
        return self._first(lambda entry: "lfs" in entry, "large file")

    def _first(self, fits: Any, what: str) -> dict[str, Any]:
        found = next((entry for entry in self.entries if fits(entry)), None)
        if found is None:
            raise Skipped(f"the repository has no {what}")
        return found


def expect_code(answer: httpx.Response, code: str) -> None:
    """Go on if the headers name the error, as the client reads it."""
    given = header(answer, "X-Error-Code")
    expect(given == code, f"X-Error-Code is {given}, not {code}")


def _plain(headers: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in (headers or {}).items()}
