"""SPDX 3.0.1 as JSON-LD: a model is an ``ai_AIPackage``, a data set a ``dataset_DatasetPackage``, with their profiles."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import commonground
from commonground.operations.licences import spdx_identifier
from commonground.operations.sbom.model import Bill

MEDIA_TYPE = "application/spdx+json; version=3.0.1"
CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CREATION = "_:creation"
_PURPOSE = {"model": "model", "dataset": "data", "space": "application", "kernel": "library"}
_PROFILE = {"model": ["ai"], "dataset": ["dataset"]}
_DATASET_TYPES = {"image": "image", "audio": "audio", "video": "video", "text": "text", "tabular": "structured",
                  "timeseries": "timeseries"}  # fmt: skip
Element = dict[str, Any]


def document(bill: Bill) -> dict[str, Any]:
    """The bill of materials; the same revision gives the same document."""
    return {"@context": CONTEXT, "@graph": list(_elements(_Names(bill), bill))}


class _Names:
    """Identifiers of elements, all below one address that names the revision."""

    def __init__(self, bill: Bill) -> None:
        self._base = f"urn:uuid:{bill.uuid}"

    def __call__(self, kind: str, index: int | str = "") -> str:
        return f"{self._base}#{kind}{index}"


def _elements(name: _Names, bill: Bill) -> Iterator[Element]:
    yield {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "created": _time(bill.date),
        "createdBy": [name("owner")],
        "createdUsing": [name("tool")],
    }
    yield _element("Agent", name("owner"), name=bill.owner)
    yield _element("Tool", name("tool"), name=f"commonground {commonground.__version__}")
    yield _element(
        "SpdxDocument",
        name("document"),
        name=f"{bill.full_name}@{bill.commit}",
        profileConformance=["core", "software", "simpleLicensing", *_PROFILE.get(bill.kind, [])],
        rootElement=[name("package")],
    )
    yield _package(name, bill)
    yield from _files(name, bill)
    yield from _licences(name, bill)
    yield from _lineage(name, bill)


def _element(type_: str, identifier: str, **properties: Any) -> Element:
    kept = {key: value for key, value in properties.items() if value not in ("", [], None)}
    return {"type": type_, "spdxId": identifier, "creationInfo": _CREATION, **kept}


def _package(name: _Names, bill: Bill) -> Element:
    common: dict[str, Any] = {
        "name": bill.full_name,
        "description": bill.description,
        "originatedBy": [name("owner")],
        "suppliedBy": name("owner"),
        "builtTime": _time(bill.date),
        "releaseTime": _time(bill.date),
        "software_packageVersion": bill.commit,
        "software_downloadLocation": bill.archive,
        "software_homePage": bill.address,
        "software_packageUrl": bill.purl,
        "software_primaryPurpose": _PURPOSE[bill.kind],
    }
    if bill.kind == "model":
        own = {
            "ai_typeOfModel": list(bill.architectures),
            "ai_domain": [bill.task] if bill.task else [],
            "ai_metric": [
                {"type": "DictionaryEntry", "key": " on ".join(filter(None, (m.type, m.slice))), "value": m.value}
                for m in bill.metrics
            ],
        }
        return _element("ai_AIPackage", name("package"), **common, **own)
    if bill.kind == "dataset":
        modalities = [tag.removeprefix("modality:") for tag in bill.tags if tag.startswith("modality:")]
        types = [_DATASET_TYPES[word] for word in modalities if word in _DATASET_TYPES]
        own = {
            "dataset_datasetType": types or ["noAssertion"],
            "dataset_datasetSize": sum(file.size for file in bill.files) or None,
        }
        return _element("dataset_DatasetPackage", name("package"), **common, **own)
    return _element("software_Package", name("package"), **common)


def _files(name: _Names, bill: Bill) -> Iterator[Element]:
    for index, file in enumerate(bill.files):
        digest = {"type": "Hash", "algorithm": "sha256", "hashValue": file.sha256}
        yield _element("software_File", name("file", index), name=file.path, verifiedUsing=[digest])
    if bill.files:
        parts = [name("file", index) for index in range(len(bill.files))]
        yield _relationship(name, "contains", parts, "files")


def _licences(name: _Names, bill: Bill) -> Iterator[Element]:
    """Each licence is an expression; one SPDX does not know becomes a ``LicenseRef-``."""
    for index, word in enumerate(bill.licences):
        plain = "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "-" for c in word)
        expression = spdx_identifier(word) or f"LicenseRef-{plain}"
        identifier = name("licence", index)
        yield _element("simplelicensing_LicenseExpression", identifier, simplelicensing_licenseExpression=expression)
        yield _relationship(name, "hasDeclaredLicense", [identifier], f"licence-{index}")


def _lineage(name: _Names, bill: Bill) -> Iterator[Element]:
    for index, base in enumerate(bill.base_models):
        yield _element("ai_AIPackage", name("base", index), name=base)
    if bill.base_models:
        yield _relationship(
            name,
            "descendantOf" if bill.kind == "model" else "dependsOn",
            [name("base", i) for i in range(len(bill.base_models))],
            "bases",
        )
    for index, data in enumerate(bill.datasets):
        yield _element("dataset_DatasetPackage", name("dataset", index), name=data, dataset_datasetType=["noAssertion"])
    if bill.datasets:
        yield _relationship(
            name,
            "trainedOn" if bill.kind == "model" else "dependsOn",
            [name("dataset", i) for i in range(len(bill.datasets))],
            "datasets",
        )


def _relationship(name: _Names, kind: str, to: list[str], label: str) -> Element:
    return {
        "type": "Relationship",
        "spdxId": name("relationship-", label),
        "creationInfo": _CREATION,
        "from": name("package"),
        "relationshipType": kind,
        "to": to,
    }


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
