"""Kaggle's services, which name a repository in the message."""

from functools import partial
from typing import Any

import httpx

from tests.system.house import CREATE, DELETE, METADATA, READ, WRITE
from tests.system.operations.model import WEIGHTS, Ask, Check, Operation, refused_with

MODELS, DATASETS, BLOBS = "models.ModelApiService", "datasets.DatasetApiService", "blobs.BlobApiService"
PLACE = {"framework": "MODEL_FRAMEWORK_KERAS", "instanceSlug": "default"}

coded: Check = partial(refused_with, {"code": int, "message": str})


def operations() -> list[Operation]:
    """All of them."""
    branch = {**PLACE, "instanceSlug": "side"}
    return [
        _of_model("GetModel", METADATA),
        _of_model("CreateModel", CREATE, name="slug"),
        _of_model("DeleteModel", DELETE, fresh=True),
        _of_model("GetModelInstance", READ, **PLACE),
        _of_model("ListModelInstanceVersionFiles", READ, **PLACE),
        _of_model("DownloadModelInstanceVersion", READ, versionNumber=1, **PLACE),
        _of_model("DownloadModelInstanceVersion", READ, title="a file", versionNumber=2, path=WEIGHTS, **PLACE),
        _of_model("CreateModelInstance", WRITE, upload=branch, fresh=True),
        _of_model("CreateModelInstanceVersion", WRITE, upload={}, fresh=True, **branch),
        _of_dataset("GetDataset", READ),
        _of_dataset("DownloadDataset", READ),
        _of_dataset("DownloadDataset", READ, title="a file", fileName=WEIGHTS),
        _of_dataset("CreateDataset", CREATE, name="slug"),
        _of_dataset("CreateDatasetVersion", WRITE, upload={}, fresh=True),
        _of_dataset("DeleteDataset", DELETE, fresh=True),
    ]


def _of_model(method: str, need: str, *, name: str = "modelSlug", **more: Any) -> Operation:
    return _operation(MODELS, method, need, name, "model", **more)


def _of_dataset(method: str, need: str, *, name: str = "datasetSlug", **more: Any) -> Operation:
    return _operation(DATASETS, method, need, name, "dataset", **more)


def _operation(
    service: str,
    method: str,
    need: str,
    name: str,
    kind: str,
    *,
    title: str = "",
    fresh: bool = False,
    upload: dict[str, Any] | None = None,
    **message: Any,
) -> Operation:
    def call(ask: Ask) -> httpx.Response:
        sent = {"ownerSlug": "annex", name: ask.name, **message}
        if upload is not None:
            sent["body"] = {**upload, "files": [{"token": _upload(ask) if ask.may else "none"}]}
        return ask.http.post(f"/api/v1/{service}/{method}", json=sent, follow_redirects=True)

    return Operation(
        route=f"POST /api/v1/{service}/{method}",
        need=need,
        call=call,
        refuses=coded,
        title=title,
        kind=kind,
        fresh=fresh,
    )


def _upload(ask: Ask) -> str:
    begun = ask.http.post(f"/api/v1/{BLOBS}/StartBlobUpload", json={"name": "new.txt", "contentLength": 3}).json()
    ask.annex.people.plain.put(begun["createUrl"], content=b"new").raise_for_status()
    token: str = begun["token"]
    return token
