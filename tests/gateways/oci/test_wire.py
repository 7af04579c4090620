"""Reading manifests that anybody may send."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidManifest
from commonground.gateways.oci.artifacts import files_of
from commonground.gateways.oci.wire import parse_manifest
from tests.gateways.oci.registry import EMPTY, INDEX, MANIFEST, descriptor

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TITLE = "org.opencontainers.image.title"


def image(*layers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    config = descriptor(b"{}", EMPTY)
    return {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": list(layers), **fields}


def named(path: str, media_type: str = "text/plain") -> dict[str, Any]:
    return descriptor(path.encode(), media_type, annotations={TITLE: path})


@given(st.binary(max_size=50) | JSON.map(lambda value: json.dumps(value).encode()), st.text(max_size=10))
def test_no_body_breaks_the_parser(body: bytes, content_type: str) -> None:
    with pytest.raises(InvalidManifest):
        parse_manifest(body, content_type)


@given(st.sampled_from(["config", "layers", "subject", "manifests", "annotations", "artifactType", "mediaType"]), JSON)
def test_no_field_breaks_the_parser(field: str, value: Any) -> None:
    with suppress(InvalidManifest):
        files_of(parse_manifest(json.dumps(image(named("a")) | {field: value}).encode(), MANIFEST))


@given(st.lists(st.text(max_size=8), max_size=3))
def test_paths_stay_below_the_root(paths: list[str]) -> None:
    try:
        files = files_of(parse_manifest(json.dumps(image(*map(named, paths))).encode(), MANIFEST))
    except InvalidManifest:
        return
    for file in files or ():
        assert not file.path.startswith("/")
        assert ".." not in file.path.split("/")
        assert file.path


def files(manifest: dict[str, Any]) -> dict[str, str | None] | None:
    found = files_of(parse_manifest(json.dumps(manifest).encode(), ""))
    return None if found is None else {file.path: file.compression for file in found}


def test_what_is_a_model_artifact() -> None:
    modelpack, kit = "application/vnd.cncf.model.weight.v1", "application/vnd.kitops.modelkit.dataset.v1"
    folder = "application/vnd.oci.image.layer.v1.tar"
    assert files(image(named("./a//b"))) == {"a/b": None}
    assert files(image(named("a", f"{modelpack}.raw"))) == {"a": None}
    assert files(image(descriptor(b"", f"{modelpack}.tar"))) == {"": ""}
    assert files(image(descriptor(b"", f"{kit}.tar+gzip"))) == {"": "+gzip"}
    assert files(image(named("x/data", f"{folder}+gzip"))) == {"x": "+gzip"}
    assert files(image(named("data.tar.gz", f"{folder}+gzip"))) == {"data.tar.gz": None}
    assert files(image(named("model.bin", folder))) == {"model.bin": None}


@pytest.mark.parametrize(
    "manifest",
    [
        image(),
        image(descriptor(b"", "text/plain")),
        image(named("a"), descriptor(b"", "text/plain")),
        image(named("a"), subject=descriptor(b"", MANIFEST)),
        image(named("a"), config=descriptor(b"", "application/vnd.oci.image.config.v1+json")),
        {"schemaVersion": 2, "mediaType": INDEX, "manifests": []},
    ],
    ids=["no-layers", "no-names", "one-without-a-name", "refers-to-another", "container", "index"],
)
def test_what_is_none(manifest: dict[str, Any]) -> None:
    assert files(manifest) is None
