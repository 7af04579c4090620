"""The README.md of a sample: front matter from the catalogue, its text, and where every byte came from."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from commonground.samples.model import Package, Sample

DEFAULT_HUB = "http://127.0.0.1:8000"


def render(sample: Sample, hub: str = DEFAULT_HUB) -> bytes:
    """The card as UTF-8. `{{hub}}` and `{{repository}}` in the text become the hub's address and the repository id."""
    body = sample.body.replace("{{hub}}", hub.rstrip("/")).replace("{{repository}}", sample.repository)
    head = yaml.safe_dump(front_matter(sample), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{head}---\n# {sample.title}\n\n{body.strip()}\n\n{_provenance(sample)}".encode()


def front_matter(sample: Sample) -> dict[str, Any]:
    """The card's metadata: the catalogue's, then the package and digest (lists where there are several packages)."""
    metadata: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(sample.card))
    packages = [package.requirement for package in sample.packages]
    digests = [package.sha256 for package in sample.packages]
    metadata["source_package"] = packages[0] if len(packages) == 1 else packages
    metadata["source_sha256"] = digests[0] if len(digests) == 1 else digests
    return metadata


def _provenance(sample: Sample) -> str:
    rows = "\n".join(_row(package) for package in sample.packages)
    return (
        "## Where the files come from\n\n"
        "Taken from the package registry; the package is checked against this digest before anything is read from it.\n\n"
        "| package | file | bytes | SHA-256 | licence the package states |\n|---|---|---|---|---|\n"
        f"{rows}\n"
    )


def _row(package: Package) -> str:
    return f"| `{package.requirement}` | `{package.filename}` | {package.size:,} | `{package.sha256}` | {package.license} |"
