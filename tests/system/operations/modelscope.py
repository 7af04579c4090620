"""What the clients of ModelScope do beside the routes that name a repository."""

from functools import partial

import httpx

from tests.system.house import CREATE, METADATA, READ
from tests.system.operations.model import Ask, Check, Operation, answers, listing, refused_with

BOTH = "{kind:models|datasets}"
NOBODY = 10**9

enveloped: Check = partial(refused_with, {"Code": int, "Success": bool, "Message": str, "RequestId": str})


def operations() -> list[Operation]:
    """All of them."""
    old, new = f"/api/v1/{BOTH}", f"/openapi/v1/{BOTH}"
    found = []
    for kind in ("model", "dataset"):
        found += [
            Operation(
                route=f"POST {old}",
                need=CREATE,
                call=_create,
                passes=answers(409),
                refuses=enveloped,
                kind=kind,
                title=kind,
            ),
            listing(f"GET {old}", METADATA, f"/api/v1/{kind}s?owner=annex", kind=kind),
            listing(f"GET {new}", METADATA, f"/openapi/v1/{kind}s?search={{name}}", kind=kind),
            listing(f"GET {new}", METADATA, f"/openapi/v1/{kind}s?owner=annex", kind=kind),
        ]
    by_id = "GET /api/v1/datasets/{id}/repo/tree"
    return [
        *found,
        Operation(route=by_id, need=READ, call=_tree, refuses=enveloped, kind="dataset"),
        Operation(route=by_id, need=READ, call=_tree_by_cookie, refuses=enveloped, kind="dataset", title="by cookie"),
    ]


def _create(ask: Ask) -> httpx.Response:
    if ask.kind == "model":
        return ask.send("POST", "/api/v1/models", json={"Path": "annex", "Name": ask.name})
    return ask.send("POST", "/api/v1/datasets", files={"Owner": (None, "annex"), "Name": (None, ask.name)})


def _tree(ask: Ask) -> httpx.Response:
    return ask.send("GET", f"/api/v1/datasets/{_id(ask)}/repo/tree")


def _tree_by_cookie(ask: Ask) -> httpx.Response:
    """The way of clients whose requests carry no other credentials."""
    token = ask.annex.people.tokens.get(ask.caller)
    headers = {"Cookie": f"m_session_id={token}"} if token else {}
    return ask.annex.people.plain.get(f"{ask.annex.server.url}/api/v1/datasets/{_id(ask)}/repo/tree", headers=headers)


def _id(ask: Ask) -> int:
    if not ask.exists:
        return NOBODY
    found: int = ask.annex.callers["owner"].get(f"/api/v1/datasets/{ask.full_name}").json()["Data"]["Id"]
    return found
