"""Who may call which route: every route that names a repository x role x visibility, from the server's own route table.

A route without a row in ``NEEDS`` fails: whoever adds one says what it needs.
"""

import asyncio
import re
from itertools import count
from pathlib import Path

import httpx
import pytest
from bench.server import Server

from commonground import app
from commonground.http.routing import Route, Router
from commonground.services import Services
from commonground.settings import Settings
from tests.system.conftest import file

READ, METADATA, WRITE, MANAGE, DELETE = "read", "metadata", "write", "manage", "delete"
DISCUSS = "discuss"
SIGNED, NOT_OFFERED = "signed address", "not offered"

API = "/api/{kind:models|datasets|spaces|kernels}/{owner}/{name}"
CG = "/api/cg/v1/repositories/{kind:models|datasets|spaces|kernels}/{owner}/{name}"
MS = "/api/v1/{kind:models|datasets}/{owner}/{name}"
MS_WRITE = "/api/v1/repos/{kind:models|datasets}/{owner}/{name}"
KAGGLE = "/api/v1/kaggle/{kind:models|datasets}/{owner}/{name}"
PLACES = (
    "/{owner}/{name}",
    "/{kind:datasets|spaces|kernels}/{owner}/{name}",
    "/{prefix:datasets|spaces|kernels}/{owner}/{name}",
)

NEEDS: dict[str, str] = {
    "GET /api/datasets/{owner}/{name}/croissant": READ,
    # Hugging Face
    f"GET {API}": METADATA,
    f"GET {API}/revision/{{revision}}": METADATA,
    f"GET {API}/auth-check": READ,
    f"GET {API}/auth-check/write": WRITE,
    f"GET {API}/tree/{{revision}}": READ,
    f"GET {API}/tree/{{revision}}/{{path*}}": READ,
    f"POST {API}/paths-info/{{revision}}": READ,
    f"GET {API}/commits/{{revision}}": READ,
    f"GET {API}/refs": READ,
    f"GET {API}/xet-read-token/{{revision}}": READ,
    f"GET {API}/lfs-files": WRITE,
    "GET /api/resolve-cache/{kind:models|datasets|spaces|kernels}/{owner}/{name}/{revision}/{path*}": READ,
    "GET /api/models/{owner}/{name}/safetensors-metadata/{path*}": READ,
    f"POST {API}/duplicate": READ,
    f"POST {API}/lfs-files/duplicate": READ,
    f"POST {API}/preupload/{{revision}}": WRITE,
    f"POST {API}/commit/{{revision}}": WRITE,
    f"GET {API}/xet-write-token/{{revision}}": WRITE,
    f"POST {API}/branch/{{revision}}": WRITE,
    f"DELETE {API}/branch/{{revision}}": WRITE,
    f"POST {API}/tag/{{revision}}": WRITE,
    f"DELETE {API}/tag/{{revision}}": WRITE,
    f"POST {API}/super-squash/{{revision}}": WRITE,
    f"POST {API}/lfs-files/batch": WRITE,
    f"DELETE {API}/lfs-files/{{sha256}}": WRITE,
    f"PUT {API}/settings": MANAGE,
    f"POST {API}/like": DISCUSS,
    f"DELETE {API}/like": DISCUSS,
    f"GET {API}/likers": METADATA,
    # OCI registries
    **{
        f"{method} /v2/{name}/{path}": need
        for name in ("{owner}/{name}", "{kind:datasets|spaces|kernels}/{owner}/{name}")
        for method, path, need in (
            ("GET", "blobs/{digest}", READ),
            ("DELETE", "blobs/{digest}", WRITE),
            ("POST", "blobs/uploads", WRITE),
            ("GET", "blobs/uploads/{session}", WRITE),
            ("PATCH", "blobs/uploads/{session}", WRITE),
            ("PUT", "blobs/uploads/{session}", WRITE),
            ("DELETE", "blobs/uploads/{session}", WRITE),
            ("GET", "manifests/{reference}", READ),
            ("PUT", "manifests/{reference}", WRITE),
            ("DELETE", "manifests/{reference}", WRITE),
            ("GET", "tags/list", READ),
            ("GET", "referrers/{digest}", READ),
        )
    },
    # torch.hub
    "GET /{owner}/{name}/torch/{revision}/{path*}": READ,
    # Kaggle
    f"GET {KAGGLE}/files/{{revision}}/{{path*}}": READ,
    f"GET {KAGGLE}/archives/{{revision}}": READ,
    f"GET {KAGGLE}/archives/{{revision}}/{{path*}}": READ,
    # ModelScope
    f"GET {MS}": METADATA,
    "GET /openapi/v1/{kind:models|datasets}/{owner}/{name}": METADATA,
    f"GET {MS}/repo/files": READ,
    f"GET {MS}/repo/tree": READ,
    f"GET {MS}/repo": READ,
    f"GET {MS}/revisions": READ,
    f"POST {MS}/download/increase": READ,
    f"DELETE {MS}/repo": WRITE,
    f"DELETE {MS}/file": WRITE,
    f"POST {MS}/repo/tag": WRITE,
    f"POST {MS_WRITE}/info/lfs/objects/batch": WRITE,
    f"PUT {MS_WRITE}/info/lfs/objects/{{oid}}": SIGNED,
    f"POST {MS_WRITE}/commit/{{revision*}}": WRITE,
    f"DELETE {MS}": DELETE,
    # The API of our own
    f"GET {CG}": METADATA,
    f"GET {CG}/refs": READ,
    f"GET {CG}/tree/{{revision}}": READ,
    f"GET {CG}/tree/{{revision}}/{{path*}}": READ,
    f"GET {CG}/commits/{{revision}}": READ,
    f"GET {CG}/diff": READ,
    f"GET {CG}/files/{{revision}}/{{path*}}": READ,
    f"POST {CG}/duplicate": READ,
    f"GET {CG}/manifest/{{revision}}": READ,
    f"GET {CG}/sbom": READ,
    f"POST {CG}/verify": READ,
    f"PUT {CG}/files/{{branch}}/{{path*}}": WRITE,
    f"DELETE {CG}/files/{{branch}}/{{path*}}": WRITE,
    f"POST {CG}/links": READ,
    f"POST {CG}/like": DISCUSS,
    f"DELETE {CG}/like": DISCUSS,
    f"GET {CG}/likers": METADATA,
    f"POST {CG}/commits": WRITE,
    f"POST {CG}/contents": WRITE,
    f"POST {CG}/branches/{{branch}}": WRITE,
    f"DELETE {CG}/branches/{{branch}}": WRITE,
    f"POST {CG}/tags/{{tag}}": WRITE,
    f"DELETE {CG}/tags/{{tag}}": WRITE,
    f"PATCH {CG}": MANAGE,
    f"POST {CG}/move": DELETE,
    f"DELETE {CG}": DELETE,
}
for place in PLACES:
    for suffix in ("", ".git"):
        NEEDS |= {
            f"GET {place}{suffix}/info/refs": READ,
            f"POST {place}{suffix}/git-upload-pack": READ,
            f"POST {place}{suffix}/git-receive-pack": WRITE,
            f"POST {place}{suffix}/info/lfs/objects/batch": READ,
            f"GET {place}{suffix}/info/lfs/locks": NOT_OFFERED,
            f"POST {place}{suffix}/info/lfs/locks": NOT_OFFERED,
            f"POST {place}{suffix}/info/lfs/locks/verify": NOT_OFFERED,
            f"GET {place}{suffix}/info/lfs/objects/{{oid}}": SIGNED,
            f"PUT {place}{suffix}/info/lfs/objects/{{oid}}": SIGNED,
            f"PUT {place}{suffix}/info/lfs/objects/{{oid}}/parts/{{part}}": SIGNED,
            f"POST {place}{suffix}/info/lfs/objects/{{oid}}/complete": SIGNED,
            f"POST {place}{suffix}/info/lfs/objects/{{oid}}/verify": SIGNED,
        }
    NEEDS |= {
        f"GET {place}/resolve/{{revision}}/{{path*}}": READ,
        f"GET {place}/archive/{{revision}}/{{path*}}": READ,
        f"GET {place}?tf-hub-format=compressed": READ,
        f"GET {place}/tree/{{revision}}?tf-hub-format=compressed": READ,
        f"GET {place}/tree/{{revision}}/{{path*}}?tf-hub-format=compressed": READ,
        f"GET {place}/raw/{{revision}}/{{path*}}": READ,
        f"GET {place}": METADATA,
        f"GET {place}/tree/{{revision}}": READ,
        f"GET {place}/tree/{{revision}}/{{path*}}": READ,
        f"GET {place}/blob/{{revision}}/{{path*}}": READ,
        f"GET {place}/commits/{{revision}}": READ,
        f"GET {place}/commits/{{revision}}/{{path*}}": READ,
        f"GET {place}/commit/{{sha}}": READ,
        f"GET {place}/refs": READ,
        f"GET {place}/new/{{revision}}": WRITE,
        f"POST {place}/new/{{revision}}": WRITE,
        f"GET {place}/upload/{{revision}}": WRITE,
        f"POST {place}/upload/{{revision}}": WRITE,
        f"GET {place}/edit/{{revision}}/{{path*}}": WRITE,
        f"POST {place}/edit/{{revision}}/{{path*}}": WRITE,
        f"POST {place}/delete/{{revision}}/{{path*}}": WRITE,
        f"POST {place}/like": DISCUSS,
        f"GET {place}/settings": MANAGE,
        f"POST {place}/settings": MANAGE,
        f"POST {place}/settings/move": DELETE,
        f"POST {place}/settings/delete": DELETE,
    }

BODIES = {
    "manifests/{reference}": {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    },
    f"{MS}/repo/tag": {"TagName": "v2"},
    f"{MS_WRITE}/info/lfs/objects/batch": {"operation": "upload", "objects": []},
    f"{MS_WRITE}/commit/{{revision*}}": {"actions": [{"action": "create", "path": "a.txt"}]},
    "{name}/verify": {"public_key": "none", "path": "README.md"},
    "objects/batch": {"operation": "download", "objects": []},
    "lfs-files/batch": {"deletions": {"sha": [], "rewriteHistory": False}},
}
"""Where the operation is in the body, it must be there before anything can be decided."""

QUERIES = {"tensorflow_hub": "?tf-hub-format=compressed"}
"""By tag: what tells a route from another one at the same address."""

FILES = {f"GET {MS}/repo": "README.md", f"DELETE {MS}/repo": "none", f"DELETE {MS}/file": "none"}
"""Routes that are told in the query which file is meant."""

CALLERS = ("anonymous", "stranger", "reader", "writer", "owner-read-token", "owner")
VISIBILITIES = ("public", "protected", "private")
MEMBERS = {"reader": "read", "writer": "write", "owner": "admin"}


def _allowed(need: str, caller: str, visibility: str) -> bool:
    """The table of permissions, written a second time and by hand."""
    member = caller in {"reader", "writer", "owner", "owner-read-token"}
    if need == METADATA:
        return member or visibility != "private"
    if need == READ:
        return member or visibility == "public"
    if need == DISCUSS:
        taking_part = member or (visibility == "public" and caller != "anonymous")
        return taking_part and caller != "owner-read-token"
    return need not in {SIGNED, NOT_OFFERED} and caller in {"writer", "owner"}


def _repository_routes() -> list[Route]:
    async def collect(data: Path) -> list[Route]:
        async with await Services.open(Settings(data=data)) as services:
            return list(app.routes(services, Router()))

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(collect(Path(folder)))
    return [route for route in found if {"owner", "name"} <= set(route.params)]


ROUTES = _repository_routes()


class House:
    """An organisation with members of every role, and repositories of every visibility."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._number = count()
        tokens = {name: f"hf_matrix{name.replace('-', '')}matrixmatrixmatrix" for name in CALLERS[1:]}
        for name in ("stranger", *MEMBERS):
            server.command("admin", "create-user", f"m-{name}", "--data", str(server.data))
        members = [word for name, role in MEMBERS.items() for word in ("--member", f"m-{name}:{role}")]
        server.command("admin", "create-org", "house", *members, "--data", str(server.data))
        for name, token in tokens.items():
            role = "read" if name.endswith("read-token") else "write"
            user = "m-" + name.removesuffix("-read-token")
            server.command("admin", "create-token", user, "--role", role, "--value", token, "--data", str(server.data))
        self.callers = {
            name: httpx.Client(
                base_url=server.url,
                headers={"Authorization": f"Bearer {tokens[name]}"} if name in tokens else {},
                timeout=60,
            )
            for name in CALLERS
        }
        self._kept = {
            (kind, visibility): self.create(kind, visibility)
            for kind in ("model", "dataset")
            for visibility in VISIBILITIES
        }

    def create(self, kind: str, visibility: str) -> str:
        """A new repository with one file."""
        name = f"r{next(self._number)}"
        owner = self.callers["owner"]
        body = {"name": name, "organization": "house", "type": kind, "visibility": visibility}
        assert owner.post("/api/repos/create", json=body).status_code == 200
        import json

        lines = [{"key": "header", "value": {"summary": "x"}}, file("README.md", b"# secret words\n")]
        commit = owner.post(f"/api/{kind}s/house/{name}/commit/main", content="\n".join(map(json.dumps, lines)))
        assert commit.status_code == 200, commit.text
        return name

    def ask(self, route: Route, caller: str, visibility: str, *, fresh: bool) -> httpx.Response:
        """Call a route with the given caller on a repository of the given visibility."""
        data = "datasets|spaces" in route.template and "models|" not in route.template
        kind = "dataset" if data or route.template.startswith("/api/datasets/") else "model"
        name = self.create(kind, visibility) if fresh else self._kept[kind, visibility]
        fill = {"owner": "house", "name": name, "kind": f"{kind}s", "prefix": f"{kind}s", "revision": "main"}
        fill |= {
            "path": "README.md",
            "branch": "side",
            "tag": "v1",
            "sha": "0" * 40,
            "sha256": "0" * 64,
            "oid": "0" * 64,
        }
        fill |= {"part": "1", "digest": f"sha256:{'0' * 64}", "session": "0" * 40, "reference": "pushed"}
        if "/archive/" in route.template:
            fill["path"] = "all.tar"
        path = re.sub(r"{(\w+)[^}]*}", lambda match: fill[match[1]], route.template) + QUERIES.get(route.tag, "")
        if path.endswith("info/refs"):
            path += "?service=git-upload-pack"
        if file_path := FILES.get(f"{route.method} {route.template}"):
            path += f"?FilePath={file_path}"
        body = next((body for end, body in BODIES.items() if route.template.endswith(end)), None)
        headers = {"Sec-Fetch-Site": "same-origin", "X-Request-Id": "matrix"}
        return self.callers[caller].request(route.method, path, json=body, headers=headers)


@pytest.fixture(scope="module")
def house(server: Server) -> House:
    return House(server)


def _refused(answer: httpx.Response) -> bool:
    to_login = answer.status_code in {302, 303} and "/login" in answer.headers["Location"]
    return answer.status_code in {401, 403, 404, 501} or to_login


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_a_route_lets_in_who_may_and_nobody_else(house: House, route: Route) -> None:
    need = NEEDS[f"{route.method} {route.template}{QUERIES.get(route.tag, '')}"]
    wrong = []
    for caller in CALLERS:
        for visibility in VISIBILITIES:
            allowed = _allowed(need, caller, visibility)
            answer = house.ask(route, caller, visibility, fresh=allowed and need == DELETE)
            absent = answer.status_code == 404 and "CG-1201" in answer.text
            fits = not (absent or answer.status_code in {401, 403}) if allowed else _refused(answer)
            if not fits or (not allowed and b"secret words" in answer.content):
                wrong.append(f"{caller} on {visibility}: {answer.status_code} {answer.text[:120]}")
    assert not wrong


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_private_looks_like_absent(house: House, route: Route) -> None:
    """Strangers get the same answer for a private repository and for one that does not exist."""
    for caller in ("anonymous", "stranger"):
        private = house.ask(route, caller, "private", fresh=False)
        kept = dict(house._kept)
        house._kept = dict.fromkeys(kept, "zzz")
        try:
            absent = house.ask(route, caller, "private", fresh=False)
        finally:
            house._kept = kept
        assert (private.status_code, _anonymised(private)) == (absent.status_code, _anonymised(absent))


def _anonymised(answer: httpx.Response) -> str:
    return re.sub(r"(?<![a-z0-9])r\d+\b|zzz", "NAME", re.sub(r"nonce-[\w-]+", "", answer.text))
