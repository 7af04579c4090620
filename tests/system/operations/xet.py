"""The Xet protocol, whose tokens name a repository and whose paths name nothing but hashes."""

from collections.abc import Callable

import httpx

from commonground.store.xet import hashing
from tests.system.house import OWN, READ, SIGNED, TAKE, WRITE
from tests.system.operations.model import Ask, Call, Check, Operation, answers, plain_error, weights

XORBS, CHUNKS = "/xet/v1/xorbs/{prefix:default}/{hash}", "/xet/v1/chunks/{prefix:default|default-merkledb}/{hash}"
GRANTS, COMMITS = (
    "/xet/v1/xorb-grants/{prefix:default}/{hash}",
    "/xet/v1/xorb-commits/{prefix:default}/{hash}/grant/{id}",
)
PLANS = "/xet/v1/reconstructions"


def operations() -> list[Operation]:
    """All of them."""
    one, file = f"{PLANS}/{{hash}}", "/xet/v1/files/{hash}"
    return [
        _reading(f"GET {one}", lambda ask: _read(ask, "GET", f"{PLANS}/{_file(ask)}")),
        _reading(
            "GET /xet/v2/reconstructions/{hash}", lambda ask: _read(ask, "GET", f"/xet/v2/reconstructions/{_file(ask)}")
        ),
        _reading(f"GET {PLANS}", lambda ask: _read(ask, "GET", PLANS, params={"file_id": _file(ask)})),
        _reading(f"POST {PLANS}", lambda ask: _read(ask, "POST", PLANS, json=[_file(ask)])),
        _reading(f"HEAD {file}", lambda ask: _read(ask, "HEAD", f"/xet/v1/files/{_file(ask)}"), answers(401, 404)),
        _reading(f"GET {CHUNKS}", _dedup, answers(401, 404), TAKE),
        _reading(f"HEAD {XORBS}", _has, answers(401, 404), OWN),
        _reading(
            f"GET {XORBS}", lambda ask: ask.send("GET", f"/xet/v1/xorbs/default/{_xorb(ask)}"), plain_error, SIGNED
        ),
        _writing(f"POST {XORBS}", lambda ask: f"/xet/v1/xorbs/default/{_xorb(ask)}", answers(400)),
        _writing(f"POST {GRANTS}", lambda ask: f"/xet/v1/xorb-grants/default/{'0' * 64}", answers(404)),
        _writing(f"POST {COMMITS}", lambda ask: f"/xet/v1/xorb-commits/default/{'0' * 64}/grant/none", answers(401)),
        _writing("POST /xet/v1/shards", lambda ask: "/xet/v1/shards", answers(400)),
        _writing("POST /xet/v2/shards", lambda ask: "/xet/v2/shards", answers(400)),
    ]


def _reading(route: str, call: Call, refuses: Check = plain_error, need: str = READ) -> Operation:
    return Operation(route=route, need=need, call=call, refuses=refuses)


def _writing(route: str, path: Callable[[Ask], str], passes: Check) -> Operation:
    def call(ask: Ask) -> httpx.Response:
        token = _token(ask, ask.full_name, "write") or _readable(ask)
        return _with(ask, token, "POST", path(ask), json={"length": 10})

    return Operation(route=route, need=WRITE, call=call, passes=passes, refuses=answers(403))


def _read(ask: Ask, method: str, path: str, **more: object) -> httpx.Response:
    """Who gets no token for the repository tries with one for another."""
    return _with(ask, _token(ask, ask.full_name, "read") or _readable(ask), method, path, **more)


def _dedup(ask: Ask) -> httpx.Response:
    """Asked before an upload, so with a token that writes to the caller's own repository."""
    chunk = hashing.to_hex(hashing.chunk_hash(weights(ask.name)))
    return _with(ask, _token(ask, ask.own, "write"), "GET", f"/xet/v1/chunks/default-merkledb/{chunk}")


def _has(ask: Ask) -> httpx.Response:
    return _with(ask, _token(ask, ask.own, "write"), "HEAD", f"/xet/v1/xorbs/default/{_xorb(ask)}")


def _readable(ask: Ask) -> str:
    return _token(ask, f"annex/{ask.annex.kept['model', 'public']}", "read")


def _token(ask: Ask, repository: str, what: str) -> str:
    answer = ask.send("GET", f"/api/models/{repository}/xet-{what}-token/main")
    return answer.json()["accessToken"] if answer.status_code == 200 else ""


def _with(ask: Ask, token: str, method: str, path: str, **more: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return ask.annex.people.plain.request(method, ask.annex.server.url + path, headers=headers, **more)  # type: ignore[arg-type]


def _file(ask: Ask) -> str:
    return hashing.to_hex(hashing.file_hash(_nodes(ask)))


def _xorb(ask: Ask) -> str:
    return hashing.to_hex(hashing.xorb_hash(_nodes(ask)))


def _nodes(ask: Ask) -> list[hashing.Node]:
    data = weights(ask.name)
    return [(hashing.chunk_hash(data), len(data))]
