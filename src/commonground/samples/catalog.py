"""Read, check and select from the catalogue: one TOML file a sample, its card's text in the Markdown file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from commonground.samples.model import Group, Member, Package, Sample, Skipped
from commonground.samples.paths import is_safe
from commonground.samples.transforms import TRANSFORMS

Catalog = Mapping[str, Sample]

REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,64}/[A-Za-z0-9._-]{1,96}")
DIGEST = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
NOTHING = "none"


class CatalogError(ValueError):
    """The catalogue says something that cannot be: a mistake in the program, never in its use."""


@cache
def load_catalog() -> Catalog:
    """The catalogue shipped with the program, keyed by sample name, in alphabetical order."""
    return read_catalog(resources.files("commonground.samples") / "catalog")


def read_catalog(folder: Traversable) -> Catalog:
    """Read every `*.toml` of a folder with the Markdown file of the same name; `CatalogError` if one is wrong."""
    entries = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    entries.sort(key=lambda entry: entry.name.removesuffix(".toml"))
    samples = [_read(folder, entry) for entry in entries]
    return {sample.name: sample for sample in samples}


def _read(folder: Traversable, entry: Traversable) -> Sample:
    try:
        sample = msgspec.toml.decode(entry.read_bytes(), type=Sample)
        body = (folder / f"{sample.name}.md").read_text(encoding="utf-8")
    except (msgspec.MsgspecError, OSError) as error:
        raise CatalogError(f"{entry.name}: {error}") from error
    sample = msgspec.structs.replace(sample, body=body)
    problems = [*check(sample)]
    if entry.name != f"{sample.name}.toml":
        problems.append("the file is not named after the sample")
    if problems:
        raise CatalogError(f"{entry.name}: {'; '.join(problems)}")
    return sample


def check(sample: Sample) -> Iterable[str]:
    """Everything that is wrong with an entry, as one clause each."""
    if not NAME.fullmatch(sample.name) or sample.name in {NOTHING, *Group}:
        yield f"{sample.name!r} is no name for a sample"
    if not REPOSITORY.fullmatch(sample.repository):
        yield f"{sample.repository!r} is no repository id"
    if sample.group is Group.ALL and sample.visibility != "private":
        yield "what may not be redistributed must be private"
    if sample.card.license == "other" and not sample.card.license_name:
        yield "a licence without an identifier needs a name"
    if not sample.packages:
        yield "no package"
    for package in sample.packages:
        yield from _check_package(package)


def _check_package(package: Package) -> Iterable[str]:
    if not DIGEST.fullmatch(package.sha256):
        yield f"{package.name}: sha256 is not 64 hexadecimal digits"
    if package.size <= 0:
        yield f"{package.name}: no size"
    if not is_safe(package.filename) or not package.filename.endswith(".whl"):
        yield f"{package.name}: only wheels are taken, other archives run code when they are downloaded"
    if (package.platform is None) != (package.python is None):
        yield f"{package.name}: platform and python go together"
    if not package.members:
        yield f"{package.name}: no member"
    for member in package.members:
        yield from _check_member(member)


def _check_member(member: Member) -> Iterable[str]:
    folder = "*" in member.source and member.transform is None
    if member.transform is not None and member.transform not in TRANSFORMS:
        yield f"no transformation is called {member.transform!r}"
    if not is_safe(member.target or ("." if folder else "")):
        yield f"{member.target!r} is no path in a repository"


def select(words: Sequence[str], catalog: Catalog | None = None) -> list[Sample | Skipped]:
    """The samples that the words of `SAMPLES=` mean, each once, in catalogue order; a word without meaning is `Skipped`.

    Words: `none`, `default`, `opt-in`, `all`, or names of samples; each may be several, joined by commas. What may not
    be redistributed is loaded by its name or with `all`, so that nobody gets it without having asked for it.
    """
    known = load_catalog() if catalog is None else catalog
    wanted = dict.fromkeys(part.strip() for word in words for part in word.split(",") if part.strip())
    chosen = [sample for sample in known.values() if _is_wanted(sample, wanted)]
    refused = [_refuse(word, known) for word in wanted if not _has_meaning(word, known)]
    return [*chosen, *refused]


def _is_wanted(sample: Sample, wanted: Mapping[str, None]) -> bool:
    return not {Group.ALL, sample.group, sample.name}.isdisjoint(wanted)


def _has_meaning(word: str, known: Catalog) -> bool:
    return word == NOTHING or word in set(Group) or word in known


def _refuse(word: str, known: Catalog) -> Skipped:
    return Skipped(word, f"no such sample; there are {', '.join(known)}")
