"""What the API of our own does beside the routes that name a repository."""

import httpx

from tests.system.house import CREATE, METADATA
from tests.system.operations.model import Ask, Operation, answers, listing, plain_error

ALL = "/api/cg/v1/repositories"
ONE = f"{ALL}/{{kind:models|datasets|spaces|kernels}}/{{owner}}/{{name}}"


def operations() -> list[Operation]:
    """All of them."""
    likes, taken = "GET /api/cg/v1/likes", answers(409)
    return [
        listing(f"GET {ALL}", METADATA, f"{ALL}?text={{name}}"),
        listing(f"GET {ALL}", METADATA, f"{ALL}?owner=annex&kind=dataset", kind="dataset"),
        listing(f"GET {ALL}", METADATA, f"{ALL}?tag=tag-{{name}}"),
        listing(likes, METADATA, "/api/cg/v1/likes?user=m-owner"),
        listing(likes, METADATA, "/api/cg/v1/likes?user=m-owner", kind="dataset"),
        Operation(
            route="GET /api/cg/v1/events",
            need=METADATA,
            call=_events,
            passes=lambda ask, answer: answer.status_code == 200 and ask.full_name in answer.text,
            refuses=lambda ask, answer: answer.status_code == 200 and ask.name not in answer.text,
            hides=True,
        ),
        Operation(route=f"POST {ALL}", need=CREATE, call=_create, passes=taken, refuses=plain_error),
        Operation(
            route=f"POST {ONE}/duplicate", need=CREATE, call=_duplicate, passes=taken, refuses=plain_error, title="into"
        ),
        Operation(route=f"POST {ONE}/move", need=CREATE, call=_move, passes=taken, refuses=plain_error, title="onto"),
    ]


def _events(ask: Ask) -> httpx.Response:
    return ask.send("GET", "/api/cg/v1/events", params={"follow": "false", "after": str(ask.annex.began)})


def _create(ask: Ask) -> httpx.Response:
    return ask.send("POST", ALL, json={"kind": ask.kind, "owner": "annex", "name": ask.name})


def _duplicate(ask: Ask) -> httpx.Response:
    source = ask.annex.kept["model", "public"]
    return ask.send("POST", f"{ALL}/models/annex/{source}/duplicate", json={"owner": "annex", "name": ask.name})


def _move(ask: Ask) -> httpx.Response:
    return ask.send("POST", f"{ALL}/models/{ask.own}/move", json={"owner": "annex", "name": ask.name})
