"""The headers of sharded weights in one answer."""

import json
from base64 import b64encode
from typing import Any

from tests.gateways.huggingface.hub import Hub, file, on_a_hub

ADDRESS = "/api/models/alice/bert/safetensors-metadata/model.safetensors.index.json"


def shard(path: str, header: dict[str, Any]) -> dict[str, Any]:
    """A line of a commit that adds a safetensors file."""
    text = json.dumps(header).encode()
    content = b64encode(len(text).to_bytes(8, "little") + text + bytes(8)).decode()
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


def tensor(name: str) -> dict[str, Any]:
    return {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def index(**names: str) -> dict[str, Any]:
    text = json.dumps({"metadata": {"total_size": 16}, "weight_map": names})
    return file("model.safetensors.index.json", text)


@on_a_hub
async def test_all_headers_at_once(hub: Hub) -> None:
    await hub.repository()
    await hub.commit(
        "alice/bert", index(a="1.safetensors", b="2.safetensors"),
        shard("1.safetensors", tensor("a")), shard("2.safetensors", tensor("b")),
    )  # fmt: skip
    answer = (await hub.nobody.get(ADDRESS)).json()
    assert answer["index"] == {"metadata": {"total_size": 16}}
    assert answer["headers"] == {"1.safetensors": tensor("a"), "2.safetensors": tensor("b")}


@on_a_hub
async def test_an_index_that_leads_nowhere(hub: Hub) -> None:
    await hub.repository()
    assert (await hub.nobody.get(ADDRESS)).status_code == 404
    await hub.commit("alice/bert", index(a="missing.safetensors"))
    answer = await hub.nobody.get(ADDRESS)
    assert (answer.status_code, answer.headers["x-error-code"]) == (404, "EntryNotFound")
    await hub.commit("alice/bert", index(a="short.safetensors"), file("short.safetensors", "abc"))
    assert (await hub.nobody.get(ADDRESS)).status_code == 400
    await hub.commit("alice/bert", file("model.safetensors.index.json", "[]"))
    assert (await hub.nobody.get(ADDRESS)).status_code == 400
