"""Raw calls of the commit API on one kept-alive connection, without a client library's own time."""

import base64
import http.client
import json
from collections.abc import Iterable, Mapping
from typing import Any

from bench.server import TOKEN, Server


class Api:
    """One connection to the server under measurement, signed in as its user."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """The decoded JSON answer; anything above 299 raises."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status > 299:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return json.loads(data or b"null")

    def create(self, name: str) -> None:
        """Make a model repository of the bench user."""
        self.call("POST", "/api/repos/create", json.dumps({"name": name, "type": "model"}).encode())

    def commit(self, repository: str, files: Mapping[str, bytes]) -> str:
        """Commit small files; the commit's id."""
        lines: Iterable[dict[str, Any]] = [
            {"key": "header", "value": {"summary": "bench", "description": ""}},
            *(
                {
                    "key": "file",
                    "value": {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"},
                }
                for path, data in files.items()
            ),
        ]
        body = b"\n".join(json.dumps(line).encode() for line in lines)
        answer = self.call("POST", f"/api/models/{repository}/commit/main", body, "application/x-ndjson")
        return str(answer["commitOid"])

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
