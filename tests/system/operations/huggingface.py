"""What ``huggingface_hub`` does beside the routes that name a repository."""

from collections.abc import Iterator
from typing import Any

import httpx

from tests.system.house import CREATE, DELETE, METADATA, TAKE, WRITE
from tests.system.operations.model import Ask, Check, Operation, answers, digest, listing, plain_error

KINDS = "{kind:models|datasets|spaces|kernels}"
API = f"/api/{KINDS}/{{owner}}/{{name}}"


def told(ask: Ask, answer: httpx.Response) -> bool:
    """A refusal the client reads from its headers."""
    return plain_error(ask, answer) and {"x-error-code", "x-error-message"} <= answer.headers.keys()


def _named(route: str, need: str, body: dict[str, Any], passes: Check, **more: Any) -> Operation:
    method, path = route.split()

    def call(ask: Ask) -> httpx.Response:
        filled = {key: value.format(name=ask.name, own=ask.own) for key, value in body.items()}
        return ask.send(method, path, json=filled)

    return Operation(route=route, need=need, call=call, passes=passes, refuses=told, **more)


def operations() -> list[Operation]:
    """All of them."""
    done, taken = answers(200), answers(409)
    here = {"name": "{name}", "organization": "annex"}
    onto = {"fromRepo": "{own}", "toRepo": "annex/{name}"}
    away = {"fromRepo": "annex/{name}", "toRepo": "annex/{name}x"}
    return [
        _named("POST /api/repos/create", CREATE, here, taken),
        _named("DELETE /api/repos/delete", DELETE, here, done, fresh=True),
        _named("POST /api/repos/move", DELETE, away, done, fresh=True),
        _named("POST /api/repos/move", CREATE, onto, taken, title="onto another"),
        Operation(
            route=f"POST {API}/duplicate",
            need=CREATE,
            call=lambda ask: ask.send("POST", _public(ask) + "/duplicate", json={"repository": ask.full_name}),
            passes=taken,
            refuses=told,
            title="into",
        ),
        Operation(
            route=f"POST {API}/lfs-files/duplicate",
            need=WRITE,
            call=_copy_into,
            passes=done,
            refuses=told,
            title="into",
        ),
        Operation(
            route=f"POST {API}/lfs-files/duplicate",
            need=TAKE,
            call=_copy_out,
            passes=done,
            refuses=told,
            title="out of",
        ),
        *_lists(),
        *_absent_endpoints(),
    ]


def _lists() -> Iterator[Operation]:
    search, tags = f"GET /api/{KINDS}", "GET /api/{kind:models|datasets}-tags-by-type"
    for kind in ("model", "dataset"):
        for query in (
            "search={name}",
            "author=annex&limit=100",
            "filter=tag-{name}",
            "author=annex&full=true&limit=100",
            "search={name}&expand=siblings&expand=tags",
            "author=annex&sort=likes",
        ):
            yield listing(search, METADATA, f"/api/{kind}s?{query}", kind=kind)
        yield listing("GET /api/quicksearch", METADATA, "/api/quicksearch?q={name}", kind=kind)
        yield listing(tags, METADATA, f"/api/{kind}s-tags-by-type", kind=kind, shown=False)
        of = "/api/organizations/{}/settings/repositories"
        yield listing(f"GET {of.format('{account}')}", METADATA, of.format("annex"), kind=kind, shown=False)
        yield listing("GET /api/users/{account}/likes", METADATA, "/api/users/m-owner/likes", kind=kind)
    yield listing(search, METADATA, "/api/spaces?search={name}", shown=False)


def _absent_endpoints() -> Iterator[Operation]:
    """There is no such endpoint: who may not know of the repository learns that this is not there."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        yield Operation(
            route=f"{method} /api/{KINDS}/{{rest*}}",
            need=METADATA,
            call=lambda ask, method=method: ask.send(method, "/api/{kind}s/annex/{name}/nothing/here"),  # type: ignore[misc]
            passes=lambda _ask, answer: answer.status_code == 404 and "CG-1201" not in answer.text,
            refuses=lambda ask, answer: told(ask, answer) and "CG-1201" in answer.text,
        )


def _copy_into(ask: Ask) -> httpx.Response:
    return _copy(ask, _public(ask), ask.full_name, ask.annex.kept["model", "public"])


def _copy_out(ask: Ask) -> httpx.Response:
    return _copy(ask, f"/api/models/{ask.full_name}", ask.own, ask.name)


def _copy(ask: Ask, source: str, target: str, content: str) -> httpx.Response:
    body = {
        "target": {"type": "model", "name": target},
        "files": [{"sha256": digest(content), "filename": "weights.bin"}],
    }
    return ask.send("POST", f"{source}/lfs-files/duplicate", json=body)


def _public(ask: Ask) -> str:
    return f"/api/models/annex/{ask.annex.kept['model', 'public']}"
