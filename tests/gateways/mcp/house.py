"""Repositories to look at, and a caller of ``/mcp`` that speaks plain JSON."""

import base64
from dataclasses import dataclass
from typing import Any

import httpx
from bench.server import Server

TOKENS = {"ada": "hf_adaadaadaadaadaadaadaadaadaadaada1", "bob": "hf_bobbobbobbobbobbobbobbobbobbobbob1"}
API = "/api/cg/v1/repositories"
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
}
CARD = (
    "---\nlicense: mit\nbase_model: ada/base\nbase_model_relation: finetune\ndatasets: [ada/words, else/where]\n---\n"
    "# Tiny\n\nA tiny model that tells animals apart.\n"
)
WEIGHTS = bytes(range(256)) * 1200


@dataclass(frozen=True)
class House:
    """A server with furniture. ``first`` and ``second`` are the commits of ``ada/tiny``."""

    server: Server
    first: str
    second: str

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"{self.server.url}/mcp"

    @classmethod
    def furnished(cls, server: Server, ada: httpx.Client) -> "House":
        """Make the repositories."""
        for kind, name, visibility in (
            ("model", "base", "public"),
            ("model", "tiny", "public"),
            ("dataset", "words", "public"),
            ("model", "secret", "private"),
        ):
            body = {"owner": "ada", "name": name, "kind": kind, "visibility": visibility}
            ada.post(API, json=body).raise_for_status()
        first = _put(ada, "models/ada/tiny", "README.md", CARD.encode())
        for number in range(3):
            _put(ada, "models/ada/tiny", f"data/{number} ä.txt", "schön\n".encode())
        second = _put(ada, "models/ada/tiny", "model.bin", WEIGHTS)
        _put(ada, "models/ada/secret", "README.md", b"# Secret words\n")
        return cls(server, first, second)

    def post(self, content: bytes | dict[str, Any], user: str | None = None, **headers: str) -> httpx.Response:
        """Send one message."""
        sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if user:
            sent["Authorization"] = f"Bearer {TOKENS[user]}"
        if isinstance(content, dict):
            return httpx.post(self.url, json=content, headers=sent)
        return httpx.post(self.url, content=content, headers=sent)

    def ask(self, method: str, params: dict[str, Any] | None = None, user: str | None = None) -> dict[str, Any]:
        """The answer to a request after a handshake."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        found: dict[str, Any] = self.post(message, user, MCP_Protocol_Version="2025-11-25").json()
        return found

    def call(self, tool: str, user: str | None = None, **arguments: Any) -> dict[str, Any]:
        """The structured result of a tool."""
        found = self.ask("tools/call", {"name": tool, "arguments": arguments}, user)["result"]
        assert "isError" not in found, found
        result: dict[str, Any] = found["structuredContent"]
        return result

    def refused(self, tool: str, user: str | None = None, **arguments: Any) -> str:
        """What a tool says to a call it refuses."""
        found = self.ask("tools/call", {"name": tool, "arguments": arguments}, user)["result"]
        assert found["isError"] is True
        return str(found["content"][0]["text"])

    def stateless(self, method: str, params: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a request of the revision without handshake."""
        message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {"_meta": META, **(params or {})}}
        return self.post(message, None, **{"MCP_Protocol_Version": VERSION, "Mcp_Method": method, **headers})


def decoded(content: dict[str, Any]) -> bytes:
    """The bytes in a result of ``read_file``."""
    return base64.b64decode(content["content"]) if content["encoding"] == "base64" else content["content"].encode()


def _put(ada: httpx.Client, repository: str, path: str, content: bytes) -> str:
    answer = ada.put(f"{API}/{repository}/files/main/{path}", content=content)
    answer.raise_for_status()
    return str(answer.json()["id"])
