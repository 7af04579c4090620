"""The rules of docs/reference/schemas.md once more, written from that page alone."""

import re
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "schemas.md").read_text()
LICENCES = set(re.findall(r"`([^`]+)`", PAGE.split("### Licence words")[1].split("## manifest/v1")[0]))
TEXTS = ["license_name", "license_link", "pipeline_tag", "library_name", "pretty_name", "title", "thumbnail"]
SHORTS = [
    "tags",
    "datasets",
    "metrics",
    "base_model",
    "task_categories",
    "task_ids",
    "size_categories",
    "source_datasets",
    "language_creators",
    "annotations_creators",
    "multilinguality",
]
COLOURS = ["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]


def card(metadata: dict[str, Any]) -> bool:
    """Whether the metadata of a card keeps to card/v1."""
    return (
        one_or_many(metadata.get("license"), lambda value: isinstance(value, str) and value in LICENCES)
        and one_or_many(metadata.get("language"), language)
        and all(isinstance(metadata.get(name), (str, type(None))) for name in TEXTS)
        and all(one_or_many(metadata.get(name), short) for name in SHORTS)
        and index(metadata.get("model-index"))
        and metadata.get("sdk", "gradio") in ["gradio", "docker", "static", "streamlit"]
        and metadata.get("colorFrom", "red") in COLOURS
        and metadata.get("colorTo", "red") in COLOURS
    )


def one_or_many(value: Any, fits: Any) -> bool:
    if value is None:
        return True
    return all(map(fits, value)) if isinstance(value, list) else fits(value)


def language(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    first, *rest = re.split("[-_]", value)
    plain = len(first) in (2, 3) and all(letter in "abcdefghijklmnopqrstuvwxyz" for letter in first)
    parts = all(2 <= len(part) <= 8 and part.isascii() and part.isalnum() for part in rest)
    return value in ("multilingual", "code") or (plain and parts)


def short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 200


def has(value: Any, *names: str) -> bool:
    return isinstance(value, dict) and all(value.get(name) is not None for name in names)


def index(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and all(
        has(model, "name") and isinstance(model.get("results"), list) and all(map(result, model["results"]))
        for model in value
    )


def result(value: Any) -> bool:
    if not isinstance(value, dict) or not has(value.get("task"), "type"):
        return False
    if "dataset" in value and not has(value["dataset"], "type", "name"):
        return False
    metrics = value.get("metrics")
    return isinstance(metrics, list) and all(has(metric, "type", "value") for metric in metrics)


def manifest(document: dict[str, Any]) -> bool:
    """Whether a document keeps to manifest/v1."""
    if set(document) != {"$schema", "kind", "repository", "commit", "files"}:
        return False
    texts = [document[name] for name in ("$schema", "kind", "repository", "commit")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(document["files"], list):
        return False
    owner, _, name = document["repository"].partition("/")
    return (
        document["$schema"].endswith("/schemas/manifest/v1.json")
        and document["kind"] in ("model", "dataset", "space", "kernel")
        and 1 <= len(owner) <= 64
        and 1 <= len(name) <= 96
        and all(c.isascii() and (c.isalnum() or c in "_-") for c in owner)
        and all(c.isascii() and (c.isalnum() or c in "_-.") for c in name)
        and hexadecimal(document["commit"], 40)
        and all(map(file, document["files"]))
    )


def file(value: Any) -> bool:
    if not isinstance(value, dict) or not all(name in value for name in ("path", "size", "sha256")):
        return False
    path, size, digest = value["path"], value["size"], value["sha256"]
    whole = not isinstance(size, bool) and (isinstance(size, int) or (isinstance(size, float) and size.is_integer()))
    return isinstance(path, str) and 1 <= len(path) <= 4096 and whole and 0 <= size < 2**63 and hexadecimal(digest, 64)


def hexadecimal(value: Any, length: int) -> bool:
    return isinstance(value, str) and len(value) == length and set(value) <= set("0123456789abcdef")
