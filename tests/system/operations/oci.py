"""What registry clients do with names outside the path, with tokens, and in ollama's way."""

from typing import Any

import httpx

from tests.system.house import READ, TAKE, WRITE
from tests.system.operations.model import Ask, Operation, answers, digest

TOKEN = "/v2/token"
OLLAMA = {"User-Agent": "ollama/0.12.0 (amd64 linux) Go/go1.24"}
CODES = {"UNAUTHORIZED", "DENIED", "NAME_UNKNOWN"}


def refused(_ask: Ask, answer: httpx.Response) -> bool:
    """The envelope of registries, with a code for who may not."""
    if answer.status_code not in {401, 403, 404}:
        return False
    return {error["code"] for error in answer.json()["errors"]} <= CODES


def operations() -> list[Operation]:
    """All of them."""
    form: dict[str, Any] = {"refuses": refused}
    manifest = "GET /v2/{owner}/{name}/manifests/{reference} [A GGUF model, for ollama]"
    blob = "GET /v2/{owner}/{name}/blobs/{digest} [The blobs of a name in capitals, for ollama]"
    tags, begin = "/v2/annex/{name}/tags/list", "POST /v2/annex/{name}/blobs/uploads/"
    return [
        Operation(route=f"GET {TOKEN}", need=READ, call=lambda ask: _with_token(ask, "GET", f"GET {tags}"), **form),
        Operation(
            route=f"GET {TOKEN}", need=WRITE, call=lambda ask: _with_token(ask, "GET", begin), title="to push", **form
        ),
        Operation(route=f"POST {TOKEN}", need=READ, call=lambda ask: _with_token(ask, "POST", f"GET {tags}"), **form),
        Operation(
            route="POST /v2/{owner}/{name}/blobs/uploads",
            need=TAKE,
            call=_mount,
            passes=answers(201),
            refuses=lambda ask, answer: answer.status_code == 202 or refused(ask, answer),
            title="mounting from",
        ),
        Operation(route=manifest, need=READ, call=_pull, **form),
        Operation(route=blob, need=READ, call=_blob, **form),
    ]


def _with_token(ask: Ask, method: str, then: str) -> httpx.Response:
    """Trade the caller's credentials for a token, and do something with nothing but that."""
    scope = {"service": "hub", "scope": f"repository:{ask.full_name}:pull,push"}
    known = ask.annex.people.tokens.get(ask.caller)
    if method == "GET":
        answer = ask.send("GET", TOKEN, params=scope)
    else:
        grant = {"grant_type": "refresh_token", "refresh_token": known or "none"}
        answer = ask.annex.people.plain.post(ask.annex.server.url + TOKEN, data=scope | grant)
    if method == "POST" and known is None:
        assert answer.status_code == 401  # nobody has nothing to trade
    headers = {"Authorization": f"Bearer {answer.json()['token']}"} if answer.status_code == 200 else {}
    verb, path = then.format(name=ask.name).split()
    return ask.annex.people.plain.request(verb, ask.annex.server.url + path, headers=headers)


def _mount(ask: Ask) -> httpx.Response:
    query = {"mount": f"sha256:{digest(ask.name)}", "from": ask.full_name}
    return ask.send("POST", f"/v2/{ask.own}/blobs/uploads/", params=query)


def _pull(ask: Ask) -> httpx.Response:
    return ask.send("GET", "/v2/annex/{name}/manifests/latest", headers=OLLAMA, follow_redirects=True)


def _blob(ask: Ask) -> httpx.Response:
    path = f"/v2/Annex/{{name}}/blobs/sha256:{digest(ask.name)}"
    return ask.send("GET", path, headers=OLLAMA, follow_redirects=True)
