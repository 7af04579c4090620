"""Who may call which route: every route that names a repository x role x visibility, from the server's own route table.

A route without a row in ``NEEDS`` fails: whoever adds one says what it needs.
"""

import re
from urllib.parse import urlencode

import httpx
import pytest

from commonground.http.routing import Route
from tests.system.house import (
    ABSENT,
    CALLERS,
    DELETE,
    DISCUSS,
    MANAGE,
    METADATA,
    NOT_OFFERED,
    READ,
    SECRET,
    SIGNED,
    STRANGERS,
    VISIBILITIES,
    WRITE,
    House,
    People,
    all_routes,
    allowed,
    anonymised,
)

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
    f"GET {CG}/lineage": READ,
    f"GET {CG}/privacy": READ,
    f"PUT {CG}/privacy": MANAGE,
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
        f"GET {place}/lineage": READ,
        f"GET {place}/lineage/{{revision}}": READ,
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

ROUTES = [route for route in all_routes() if {"owner", "name"} <= set(route.params)]


def need_of(route: Route) -> str:
    """What a caller needs."""
    return NEEDS[f"{route.method} {route.template}{QUERIES.get(route.tag, '')}"]


def ask(house: House, route: Route, caller: str, name: str, token: str = "") -> httpx.Response:
    """Call a route for a repository of the house, with a link's ``token`` if there is one."""
    kind = kind_of(route)
    fill = {"owner": house.organization, "name": name, "kind": f"{kind}s", "prefix": f"{kind}s", "revision": "main"}
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
    more = {"service": "git-upload-pack"} if path.endswith("info/refs") else {}
    if file_path := FILES.get(f"{route.method} {route.template}"):
        more["FilePath"] = file_path
    more |= {"token": token} if token else {}
    path += ("&" if "?" in path else "?") + urlencode(more) if more else ""
    body = next((body for end, body in BODIES.items() if route.template.endswith(end)), None)
    return house.callers[caller].request(route.method, path, json=body)


def kind_of(route: Route) -> str:
    """Which kind of repository a route is asked about."""
    data = "datasets|spaces" in route.template and "models|" not in route.template
    return "dataset" if data or route.template.startswith("/api/datasets/") else "model"


def refused(answer: httpx.Response) -> bool:
    """Whether an answer lets nobody in."""
    to_login = answer.status_code in {302, 303} and "/login" in answer.headers["Location"]
    return answer.status_code in {401, 403, 404, 501} or to_login


def let_in(answer: httpx.Response) -> bool:
    """Whether the repository was there, and open, for the caller."""
    absent = answer.status_code == 404 and "CG-1201" in answer.text
    return not (absent or answer.status_code in {401, 403})


@pytest.fixture(scope="module")
def house(people: People) -> House:
    return House(people, "house")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_a_route_lets_in_who_may_and_nobody_else(house: House, route: Route) -> None:
    need = need_of(route)
    wrong = []
    for caller in CALLERS:
        for visibility in VISIBILITIES:
            may = allowed(need, caller, visibility)
            name = house.name(kind_of(route), visibility, fresh=may and need == DELETE)
            answer = ask(house, route, caller, name)
            fits = let_in(answer) if may else refused(answer)
            if not fits or (not may and SECRET in answer.content):
                wrong.append(f"{caller} on {visibility}: {answer.status_code} {answer.text[:120]}")
    assert not wrong


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_private_looks_like_absent(house: House, route: Route) -> None:
    """Strangers get the same answer for a private repository and for one that does not exist."""
    for caller in STRANGERS:
        private = ask(house, route, caller, house.name(kind_of(route), "private"))
        absent = ask(house, route, caller, ABSENT)
        assert (private.status_code, anonymised(private.text)) == (absent.status_code, anonymised(absent.text))
