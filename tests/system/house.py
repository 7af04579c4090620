"""An organisation with members of every role, repositories of every visibility, and the table of who may do what."""

import asyncio
import base64
import json
import re
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import httpx
from bench.server import Server

from commonground import app
from commonground.http.routing import Route, Router
from commonground.services import Services
from commonground.settings import Settings

READ, METADATA, WRITE, MANAGE, DELETE, DISCUSS = "read", "metadata", "write", "manage", "delete", "discuss"
CREATE = "create"
"""Giving a repository of the organisation its name; whatever is behind that name now does not matter."""
TAKE = "take"
"""Reading files into a repository of one's own, for which a caller needs one."""
MEMBER = "member"
OWN = "own"
"""What only the account that did something before may go on with: the owner's own."""
SIGNED, NOT_OFFERED = "signed address", "not offered"

CALLERS = ("anonymous", "stranger", "reader", "writer", "owner-read-token", "owner")
STRANGERS = ("anonymous", "stranger")
VISIBILITIES = ("public", "protected", "private")
MEMBERS = {"reader": "read", "writer": "write", "owner": "admin"}
SECRET = b"secret words"
"""What every file of every repository holds, and no refusal."""
ABSENT = "r9999"
"""Looks like a repository's name and is none."""


def allowed(need: str, caller: str, visibility: str) -> bool:
    """The table of permissions, written a second time and by hand."""
    member = caller in {"reader", "writer", "owner", "owner-read-token"}
    if need == METADATA:
        return member or visibility != "private"
    if need == READ:
        return member or visibility == "public"
    if need == TAKE:
        return allowed(READ, caller, visibility) and caller not in {"anonymous", "owner-read-token"}
    if need == DISCUSS:
        taking_part = member or (visibility == "public" and caller != "anonymous")
        return taking_part and caller != "owner-read-token"
    if need == MEMBER:
        return member
    if need == OWN:
        return caller == "owner"
    return need not in {SIGNED, NOT_OFFERED} and caller in {"writer", "owner"}


def all_routes() -> list[Route]:
    """Every route of a server with the settings it comes with."""

    async def collect(data: Path) -> list[Route]:
        async with await Services.open(Settings(data=data)) as services:
            return list(app.routes(services, Router()))

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(collect(Path(folder)))


def anonymised(answer: httpx.Response) -> str:
    """The body without what is different in every answer, and without names of repositories."""
    return re.sub(r"r\d{4}(?!\d)", "NAME", re.sub(r"nonce-[\w-]+", "", answer.text))


class People:
    """The callers: one HTTP client for each, with their tokens."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tokens = {name: f"hf_matrix{name.replace('-', '')}matrixmatrixmatrix" for name in CALLERS[1:]}
        for name in ("stranger", *MEMBERS):
            self.command("create-user", f"m-{name}")
        for name, token in self.tokens.items():
            role = "read" if name.endswith("read-token") else "write"
            self.command("create-token", account_of(name), "--role", role, "--value", token)
        self.clients = {
            name: httpx.Client(base_url=server.url, headers=self._headers(name), timeout=60) for name in CALLERS
        }

    def organization(self, name: str) -> None:
        """An organisation in which everyone but the stranger has the role of their name."""
        members = [word for member, role in MEMBERS.items() for word in ("--member", f"m-{member}:{role}")]
        self.command("create-org", name, *members)

    def command(self, *words: str) -> None:
        """An administrator's command."""
        self.server.command("admin", *words, "--data", str(self.server.data))

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients.values():
            client.close()

    def _headers(self, name: str) -> dict[str, str]:
        same = {"Sec-Fetch-Site": "same-origin", "X-Request-Id": "matrix"}
        return same | ({"Authorization": f"Bearer {self.tokens[name]}"} if name in self.tokens else {})


def account_of(caller: str) -> str:
    """The account behind a caller."""
    return f"m-{caller.removesuffix('-read-token')}"


class House:
    """Repositories of an organisation: one of every kind and visibility that is kept, and new ones to be destroyed."""

    def __init__(self, people: People, organization: str) -> None:
        people.organization(organization)
        self.server, self.callers, self.organization = people.server, people.clients, organization
        self._number = count()
        self.kept = {
            (kind, visibility): self.create(kind, visibility)
            for kind in ("model", "dataset")
            for visibility in VISIBILITIES
        }

    def create(self, kind: str, visibility: str) -> str:
        """The name of a new repository with the files of :meth:`files`."""
        name = f"r{next(self._number):04}"
        owner = self.callers["owner"]
        body = {"name": name, "organization": self.organization, "type": kind, "visibility": visibility}
        owner.post("/api/repos/create", json=body).raise_for_status()
        lines: list[dict[str, object]] = [{"key": "header", "value": {"summary": "x"}}]
        lines += [_line(path, content) for path, content in self.files(kind, name).items()]
        content = "\n".join(map(json.dumps, lines))
        owner.post(f"/api/{kind}s/{self.organization}/{name}/commit/main", content=content).raise_for_status()
        return name

    def files(self, kind: str, name: str) -> Mapping[str, bytes]:
        """What a new repository holds."""
        return {"README.md": b"# %s\n" % SECRET}

    def name(self, kind: str, visibility: str, *, fresh: bool = False) -> str:
        """A kept repository, or a new one."""
        return self.create(kind, visibility) if fresh else self.kept[kind, visibility]


def _line(path: str, content: bytes) -> dict[str, object]:
    return {"key": "file", "value": {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}}
