"""CycloneDX 1.6 (ECMA-424), as JSON: a model is a ``machine-learning-model`` with its model card."""

from datetime import UTC, datetime
from typing import Any

import commonground
from commonground.operations.licences import spdx_identifier
from commonground.operations.sbom.model import Bill

MEDIA_TYPE = "application/vnd.cyclonedx+json; version=1.6"
_TYPES = {"model": "machine-learning-model", "dataset": "data", "space": "application", "kernel": "library"}
_WEIGHTS = (".safetensors", ".gguf", ".onnx", ".bin", ".pt", ".pth", ".h5", ".keras", ".tflite", ".msgpack")


def document(bill: Bill) -> dict[str, Any]:
    """The bill of materials; the same revision gives the same document."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{bill.uuid}",
        "version": 1,
        "metadata": {
            "timestamp": _time(bill.date),
            "tools": {"components": [_tool()]},
            "component": _subject(bill),
        },
        "components": [*_files(bill), *_datasets(bill)],
        "dependencies": _dependencies(bill),
    }


def _tool() -> dict[str, Any]:
    return {"type": "application", "name": "commonground", "version": commonground.__version__}


def _subject(bill: Bill) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": _TYPES[bill.kind],
        "bom-ref": bill.full_name,
        "supplier": {"name": bill.owner},
        "group": bill.owner,
        "name": bill.name,
        "version": bill.commit,
        "description": bill.description,
        "licenses": [_licence(word) for word in bill.licences],
        "purl": bill.purl,
        "externalReferences": [
            {"type": "website", "url": bill.address},
            {"type": "vcs", "url": f"{bill.address}.git"},
            {"type": "distribution", "url": bill.archive},
        ],
        "pedigree": {"ancestors": [_ancestor(name) for name in bill.base_models]} if bill.base_models else {},
        "tags": list(bill.tags),
    }
    if bill.kind == "model":
        found["modelCard"] = _model_card(bill)
    if bill.kind == "dataset":
        found["data"] = [{"type": "dataset", "name": bill.full_name, "contents": {"url": bill.archive}}]
    return {name: value for name, value in found.items() if value}


def _licence(word: str) -> dict[str, Any]:
    identifier = spdx_identifier(word)
    named = {"id": identifier} if identifier else {"name": word}
    return {"license": {**named, "acknowledgement": "declared"}}


def _ancestor(name: str) -> dict[str, Any]:
    return {"type": "machine-learning-model", "bom-ref": f"model:{name}", "name": name}


def _model_card(bill: Bill) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "task": bill.task,
        "modelArchitecture": ", ".join(bill.architectures),
        "datasets": [{"ref": f"dataset:{name}"} for name in bill.datasets],
    }
    card: dict[str, Any] = {
        "modelParameters": {name: value for name, value in parameters.items() if value},
        "quantitativeAnalysis": {"performanceMetrics": [_metric(*metric) for metric in _rows(bill)]}
        if bill.metrics
        else {},
        "properties": [{"name": "commonground:library", "value": bill.library}] if bill.library else [],
    }
    return {name: value for name, value in card.items() if value}


def _rows(bill: Bill) -> list[tuple[str, str, str]]:
    return [(metric.type, metric.value, metric.slice) for metric in bill.metrics]


def _metric(kind: str, value: str, part: str) -> dict[str, str]:
    return {"type": kind, "value": value} | ({"slice": part} if part else {})


def _files(bill: Bill) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "bom-ref": f"file:{file.path}",
            "name": file.path,
            "hashes": [{"alg": "SHA-256", "content": file.sha256}],
            "externalReferences": [{"type": "distribution", "url": bill.file_address(file.path)}],
            "properties": [
                {"name": "commonground:size", "value": str(file.size)},
                *([{"name": "commonground:role", "value": "weights"}] if file.path.endswith(_WEIGHTS) else []),
            ],
        }
        for file in bill.files
    ]


def _datasets(bill: Bill) -> list[dict[str, Any]]:
    return [
        {"type": "data", "bom-ref": f"dataset:{name}", "name": name, "data": [{"type": "dataset", "name": name}]}
        for name in bill.datasets
    ]


def _dependencies(bill: Bill) -> list[dict[str, Any]]:
    parts = [f"file:{file.path}" for file in bill.files] + [f"dataset:{name}" for name in bill.datasets]
    return [{"ref": bill.full_name, "dependsOn": parts}, *({"ref": part} for part in parts)]


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
