"""What is signed: an in-toto statement that names every file with its SHA-256.

Model Signing specification v1.0: the subject's digest is the SHA-256 of the files' digests, in the order of the paths,
compared folder by folder.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from commonground.errors import InvalidSignature
from commonground.operations.manifest.model import ManifestFile

SIGNATURE_FILE = "model.sig"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
"""What verifiers leave out of every folder that may be a clone."""
DOWNLOAD_CACHE = ".cache/huggingface"
"""What ``hf download --local-dir`` leaves beside the files."""
RESOURCES = 1_000_000


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One signed file."""

    name: str
    digest: str
    algorithm: str = "sha256"


class Serialization(msgspec.Struct, frozen=True, kw_only=True):
    """How the files became resources."""

    method: str
    hash_type: str
    allow_symlinks: bool = False
    ignore_paths: tuple[str, ...] = ()


class Predicate(msgspec.Struct, frozen=True):
    """What is claimed about the subject."""

    serialization: Serialization
    resources: list[Resource]


class Subject(msgspec.Struct, frozen=True):
    """The model as a whole."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """An in-toto statement v1 with the predicate of Model Signing v1.0."""

    type: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(
        default="https://in-toto.io/Statement/v1", name="_type"
    )
    subject: list[Subject]
    predicate_type: Literal["https://model_signing/signature/v1.0"] = msgspec.field(
        default="https://model_signing/signature/v1.0", name="predicateType"
    )
    predicate: Predicate


class Difference(msgspec.Struct, frozen=True):
    """How a file differs from what was signed."""

    path: str
    problem: Literal["changed", "missing", "not signed"]


def make_statement(name: str, files: Iterable[ManifestFile]) -> Statement:
    """The statement about all files but the signature itself and git's own."""
    every = list(files)
    ignored = [SIGNATURE_FILE, *GIT_PATHS]
    if not any(_is_below(file.path, DOWNLOAD_CACHE) for file in every):
        ignored.append(DOWNLOAD_CACHE)
    kept = sorted((file for file in every if not _ignored(file.path, ignored)), key=lambda file: file.path.split("/"))
    resources = [Resource(name=file.path, digest=file.sha256) for file in kept]
    serialization = Serialization(method="files", hash_type="sha256", ignore_paths=tuple(ignored))
    subject = Subject(name, {"sha256": root_digest(resources)})
    return Statement(subject=[subject], predicate=Predicate(serialization, resources))


def read_statement(payload: bytes) -> Statement:
    """The statement in a signature; :class:`InvalidSignature` for another kind, and for one that contradicts itself."""
    try:
        found = msgspec.json.decode(payload, type=Statement)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidSignature(reason=f"it is no statement of Model Signing v1.0: {error}") from None
    form = found.predicate.serialization
    algorithms = {resource.algorithm for resource in found.predicate.resources}
    if form.method != "files" or form.hash_type != "sha256" or algorithms - {"sha256"}:
        raise InvalidSignature(
            reason=f"it was made with {form.hash_type} over {form.method}; only SHA-256 over files is read"
        )
    if len(found.subject) != 1 or found.subject[0].digest.get("sha256") != root_digest(found.predicate.resources):
        raise InvalidSignature(reason="the digest of the whole does not follow from those of the files")
    return found


def root_digest(resources: Sequence[Resource]) -> str:
    """SHA-256 over the digests, in order; :class:`InvalidSignature` for a digest that is none."""
    whole = hashlib.sha256()
    for resource in resources:
        try:
            whole.update(bytes.fromhex(resource.digest))
        except ValueError:
            raise InvalidSignature(reason=f"the digest of {resource.name[:200]} is not hexadecimal") from None
    return whole.hexdigest()


def differences(
    statement: Statement, files: Iterable[ManifestFile], signature: str = SIGNATURE_FILE
) -> list[Difference]:
    """What differs between the signed files and those that are there, by path; ``signature`` itself is left out."""
    ignored = (*statement.predicate.serialization.ignore_paths, signature, *GIT_PATHS)
    signed: Mapping[str, str] = {resource.name: resource.digest for resource in statement.predicate.resources}
    present = {file.path: file.sha256 for file in files if file.path in signed or not _ignored(file.path, ignored)}
    found = [Difference(path, "missing") for path in signed.keys() - present.keys()]
    found += [Difference(path, "not signed") for path in present.keys() - signed.keys()]
    found += [Difference(path, "changed") for path in signed.keys() & present.keys() if signed[path] != present[path]]
    return sorted(found, key=lambda difference: difference.path)


def _ignored(path: str, ignored: Iterable[str]) -> bool:
    return any(_is_below(path, place) for place in ignored)


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
