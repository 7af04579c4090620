"""Make small wheels, and catalogue entries for them, so that the package client has something to fetch offline."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from commonground.samples.model import CardMetadata, Member, Package, Sample

TAG = "py3-none-any"


def write_wheel(folder: Path, name: str, files: Mapping[str, bytes], version: str = "1.0", tag: str = TAG) -> Path:
    """A wheel that pip accepts, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    base = name.replace("-", "_")
    path = folder / f"{base}-{version}-{tag}.whl"
    info = f"{base}-{version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, content in files.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def pin(path: Path, *members: Member, **changes: object) -> Package:
    """The package entry that pins a wheel as it is."""
    content = path.read_bytes()
    base, version, *_ = path.name.split("-")
    package = Package(
        name=base.replace("_", "-"),
        version=version,
        filename=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        license="MIT",
        members=members or (Member(source=f"{base}/*"),),
    )
    return msgspec.structs.replace(package, **changes)


def sample(name: str, *packages: Package, **changes: object) -> Sample:
    """A catalogue entry of the packages."""
    entry = Sample(
        name=name,
        repository=f"commonground/{name}",
        kind="model",
        title=name,
        card=CardMetadata(license="mit"),
        packages=packages,
        body="Text for {{repository}} at {{hub}}.",
    )
    return msgspec.structs.replace(entry, **changes)


def offline(folder: Path) -> list[str]:
    """Arguments that make the package client look into a folder only."""
    return ["--no-index", "--find-links", str(folder)]
