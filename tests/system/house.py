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
from commonground.accounts.model import MemberRole, TokenRole
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

CALLERS = ("anonymous", "stranger", "reader", "writer", "owner", "owner-read-token")
STRANGERS = ("anonymous", "stranger")
VISIBILITIES = ("public", "protected", "private")
MEMBERS: dict[str, MemberRole] = {"reader": "read", "writer": "write", "owner": "admin"}
_TOKEN_ROLES: dict[str, TokenRole] = {"owner-read-token": "read"}
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


def anonymised(text: str) -> str:
    """A text without what is different in every answer: nonces, names of repositories, and hashes of their content."""
    return _CHANGING.sub("*", text)


_CHANGING = re.compile(r"nonce-[\w-]+|r\d{4}(?!\d)|\b[0-9a-f]{64}\b")


class People:
    """The callers: one HTTP client for each, with their tokens."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tokens = {name: f"hf_matrix{name.replace('-', '')}matrixmatrixmatrix" for name in CALLERS[1:]}
        asyncio.run(self._join())
        self.plain = httpx.Client(base_url=server.url, headers={"X-Request-Id": "matrix"}, timeout=60)
        """For requests that carry credentials of their own."""
        self.clients = {
            name: httpx.Client(base_url=server.url, headers=self._headers(name), timeout=60) for name in CALLERS
        }

    def organization(self, name: str) -> None:
        """An organisation in which everyone but the stranger has the role of their name."""
        asyncio.run(self._found(name))

    async def _join(self) -> None:
        async with await Services.open(Settings(data=self.server.data)) as services:
            for caller, token in self.tokens.items():
                name, role = account_of(caller), _TOKEN_ROLES.get(caller, "write")
                if name == f"m-{caller}":
                    await services.accounts.create_user(name)
                account = await services.accounts.find(name)
                await services.accounts.create_token(account.id, name=caller, role=role, value=token)

    async def _found(self, name: str) -> None:
        async with await Services.open(Settings(data=self.server.data)) as services:
            members = {f"m-{member}": role for member, role in MEMBERS.items()}
            await services.accounts.create_organization(name, members=members)

    def close(self) -> None:
        """Close all connections."""
        self.plain.close()
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
