"""Both documents against the standards' own validators."""

import io
import json
from typing import Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spdx_python_model import v3_0_1 as spdx

from commonground.accounts.model import RepositoryKind
from commonground.operations.manifest.model import ManifestFile
from commonground.operations.sbom.model import Bill, Metric, from_card
from commonground.operations.sbom.service import document

KINDS: tuple[RepositoryKind, ...] = ("model", "dataset", "space", "kernel")
FILE = ManifestFile(path="a b/model.safetensors", size=3, sha256="0" * 64)
FULL = Bill(
    kind="model",
    owner="acme",
    name="tiny",
    origin="https://hub.example",
    commit="a" * 40,
    date=1_700_000_000_000,
    description="A tiny model.",
    licences=("apache-2.0", "gemma", "bsd"),
    task="text-generation",
    library="transformers",
    architectures=("LlamaForCausalLM",),
    tags=("tiny", "modality:text"),
    base_models=("acme/base",),
    datasets=("acme/corpus", "other/corpus"),
    metrics=(Metric("accuracy", "0.9", "sst2"), Metric("f1", "1")),
    files=(FILE,),
)
BARE = Bill(kind="model", owner="acme", name="x", origin="http://h", commit="b" * 40, date=0)


def problems_of_cyclonedx(bill: Bill) -> Any:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document(bill, "cyclonedx")))


def objects_of_spdx(bill: Bill) -> Any:
    """The document read into the standard's object model, which refuses what its shapes forbid."""
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(json.dumps(document(bill, "spdx")).encode()), objects)
    spdx.JSONLDSerializer().write(objects, io.BytesIO())
    assert not objects.missing_ids
    return objects


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bill", [FULL, BARE], ids=["full", "bare"])
def test_the_validators_of_both_standards_accept_every_kind(kind: RepositoryKind, bill: Bill) -> None:
    made = msgspec.structs.replace(bill, kind=kind)
    assert problems_of_cyclonedx(made) is None
    assert objects_of_spdx(made).objects


def test_the_validator_would_notice() -> None:
    broken = {**document(FULL, "cyclonedx"), "serialNumber": "none"}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(broken)) is not None


def test_the_same_revision_gives_the_same_document() -> None:
    for format_ in ("cyclonedx", "spdx"):
        assert document(FULL, format_) == document(FULL, format_)
        other = msgspec.structs.replace(FULL, commit="c" * 40)
        assert document(FULL, format_) != document(other, format_)


def test_cyclonedx_names_files_licences_ancestors_and_data() -> None:
    made = document(FULL, "cyclonedx")
    subject = made["metadata"]["component"]
    assert subject["type"] == "machine-learning-model"
    assert [item["license"].get("id", item["license"].get("name")) for item in subject["licenses"]] == [
        "Apache-2.0", "gemma", "bsd",
    ]  # fmt: skip
    assert subject["pedigree"]["ancestors"][0]["name"] == "acme/base"
    assert subject["modelCard"]["modelParameters"]["datasets"] == [
        {"ref": "dataset:acme/corpus"},
        {"ref": "dataset:other/corpus"},
    ]
    [file] = [item for item in made["components"] if item["type"] == "file"]
    assert file["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
    assert file["externalReferences"][0]["url"].endswith(f"/resolve/{'a' * 40}/a%20b/model.safetensors")


def test_spdx_relates_the_package_to_files_licences_and_data() -> None:
    objects = objects_of_spdx(FULL)
    [package] = [item for item in objects.foreach_type("ai_AIPackage") if item.name == "acme/tiny"]
    relations = {item.relationshipType.rpartition("/")[2]: item for item in objects.foreach_type("Relationship")}
    assert set(relations) == {"contains", "hasDeclaredLicense", "descendantOf", "trainedOn"}
    assert all(item.from_ is package for item in relations.values())
    assert [item.name for item in relations["contains"].to] == [FILE.path]
    expressions = {
        item.simplelicensing_licenseExpression for item in objects.foreach_type("simplelicensing_LicenseExpression")
    }
    assert expressions == {"Apache-2.0", "LicenseRef-gemma", "LicenseRef-bsd"}


words = st.text(max_size=30)
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["base_model", "datasets", "model-index", "name", "results", "dataset", "metrics", "type", "value"]
)
cards = st.dictionaries(names, values | st.lists(st.dictionaries(names, values), max_size=2), max_size=5)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(card=cards, description=words, licence=words)
def test_whatever_a_card_says_the_documents_stay_valid(card: dict[str, Any], description: str, licence: str) -> None:
    made = msgspec.structs.replace(
        BARE, description=description, licences=(licence,) if licence else (), **from_card(card)
    )
    assert problems_of_cyclonedx(made) is None
    objects_of_spdx(made)
