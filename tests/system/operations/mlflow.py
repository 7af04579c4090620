"""What the MLflow client does to registered models: it names them in bodies and queries."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx

from tests.system.house import CREATE, DELETE, MANAGE, METADATA, READ, TAKE, WRITE
from tests.system.operations.model import TAG, Ask, Check, Operation, answers, listing, refused_with, succeeds

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
MODELS, VERSIONS = f"{API}/registered-models", f"{API}/model-versions"

enveloped: Check = partial(refused_with, {"error_code": str, "message": str})


def operations() -> list[Operation]:
    """All of them."""
    return [*_models(), *_versions(), *_files()]


def _models() -> list[Operation]:
    tag, alias = {"key": "k", "value": "v"}, {"alias": "best", "version": "1"}
    return [
        _sent("POST", f"{MODELS}/create", CREATE, passes=answers(409)),
        _asked(f"{MODELS}/get", METADATA),
        listing(f"GET {MODELS}/search", METADATA, f"{MODELS}/search?max_results=100"),
        listing(f"GET {MODELS}/search", METADATA, f"{MODELS}/search?filter=name%3D'annex.{{name}}'", title="by name"),
        _sent("PATCH", f"{MODELS}/update", WRITE, {"description": "about"}),
        Operation(route=f"POST {MODELS}/rename", need=MANAGE, call=_rename, refuses=enveloped, fresh=True),
        _sent("DELETE", f"{MODELS}/delete", DELETE, fresh=True),
        _sent("POST", f"{MODELS}/get-latest-versions", READ),
        _asked(f"{MODELS}/get-latest-versions", READ),
        _sent("POST", f"{MODELS}/set-tag", WRITE, tag),
        _sent("DELETE", f"{MODELS}/delete-tag", WRITE, tag),
        _sent("POST", f"{MODELS}/alias", WRITE, alias),
        _sent("DELETE", f"{MODELS}/alias", WRITE, {"alias": TAG}, fresh=True),
        _asked(f"{MODELS}/alias", READ, alias=TAG),
    ]


def _versions() -> list[Operation]:
    one = {"version": "1"}
    create, search = f"{VERSIONS}/create", f"GET {VERSIONS}/search"
    return [
        Operation(route=f"POST {create}", need=WRITE, call=_register, refuses=enveloped, title="of a run", fresh=True),
        Operation(route=f"POST {create}", need=TAKE, call=_take, refuses=enveloped, title="of a version"),
        _asked(f"{VERSIONS}/get", READ, **one),
        _asked(f"{VERSIONS}/get-download-uri", READ, **one),
        listing(search, READ, f"{VERSIONS}/search?filter=name%3D'annex.{{name}}'"),
        _sent("PATCH", f"{VERSIONS}/update", WRITE, {**one, "description": "about"}),
        _sent("POST", f"{VERSIONS}/transition-stage", WRITE, {**one, "stage": "Staging"}),
        _sent("DELETE", f"{VERSIONS}/delete", WRITE, one, passes=answers(400)),
        _sent("POST", f"{VERSIONS}/set-tag", WRITE, {**one, "key": "k", "value": "v"}),
        _sent("DELETE", f"{VERSIONS}/delete-tag", WRITE, {**one, "key": "k"}),
    ]


def _files() -> list[Operation]:
    place = "repositories/annex/{name}/main"
    return [
        Operation(
            route=f"GET {ARTIFACTS}",
            need=READ,
            call=lambda ask: ask.send("GET", f"{ARTIFACTS}?path={place}"),
            refuses=enveloped,
        ),
        Operation(
            route=f"GET {ARTIFACTS}/{{path*}}",
            need=READ,
            call=lambda ask: ask.send("GET", f"{ARTIFACTS}/{place}/README.md"),
            refuses=enveloped,
        ),
    ]


def _sent(
    method: str, path: str, need: str, body: Mapping[str, Any] = {}, *, passes: Check = succeeds, fresh: bool = False
) -> Operation:
    """An operation whose body names the model."""
    return Operation(
        route=f"{method} {path}",
        need=need,
        call=lambda ask: ask.send(method, path, json={"name": _name(ask), **body}),
        refuses=enveloped,
        passes=passes,
        fresh=fresh,
    )


def _asked(path: str, need: str, **more: str) -> Operation:
    """An operation whose query names the model."""
    call: Callable[[Ask], httpx.Response] = lambda ask: ask.send("GET", path, params={"name": _name(ask), **more})  # noqa: E731
    return Operation(route=f"GET {path}", need=need, call=call, refuses=enveloped)


def _name(ask: Ask) -> str:
    return f"annex.{ask.name}"


def _rename(ask: Ask) -> httpx.Response:
    return ask.send("POST", f"{MODELS}/rename", json={"name": _name(ask), "new_name": f"annex.moved-{ask.name}"})


def _register(ask: Ask) -> httpx.Response:
    """A version from a file of a run of the caller's own, where they can have one."""
    made = ask.send("POST", f"{API}/runs/create", json={"experiment_id": "0"})
    run = made.json()["run"]["info"]["run_id"] if made.is_success else "1"
    ask.send("PUT", f"{ARTIFACTS}/runs/{run}/model/MLmodel", content=b"flavors: {}")
    return ask.send("POST", f"{VERSIONS}/create", json={"name": _name(ask), "source": f"runs:/{run}/model"})


def _take(ask: Ask) -> httpx.Response:
    """A version of the caller's own model from what is in another repository."""
    body = {"name": ask.own, "source": f"models:/{_name(ask)}/1"}
    return ask.send("POST", f"{VERSIONS}/create", json=body)
