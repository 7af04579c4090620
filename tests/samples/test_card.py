from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from commonground.samples.card import front_matter, render
from commonground.samples.catalog import load_catalog
from commonground.samples.model import Sample
from tests.samples.wheels import pin, sample, write_wheel

CATALOG = load_catalog()


@pytest.mark.parametrize("one", CATALOG.values(), ids=CATALOG.keys())
def test_every_card_reads_back(one: Sample) -> None:
    text = render(one).decode()
    _, head, body = text.split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata == front_matter(one)
    assert metadata["license"]
    assert body.startswith(f"# {one.title}\n")
    assert "{{" not in text
    for package in one.packages:
        assert package.requirement in text
        assert text.count(package.sha256) == 2


def test_the_hub_and_the_repository_are_filled_in(tmp_path: Path) -> None:
    one = sample("one", pin(write_wheel(tmp_path, "one", {"one/a": b"a"})))
    assert "Text for commonground/one at https://hub.example." in render(one, "https://hub.example/").decode()


def test_one_package_is_named_alone_and_several_as_lists(tmp_path: Path) -> None:
    first, second = (pin(write_wheel(tmp_path, name, {f"{name}/a": b"a"})) for name in ("one", "two"))
    assert front_matter(sample("s", first)) == {
        "license": "mit", "source_package": "one==1.0", "source_sha256": first.sha256,
    }  # fmt: skip
    assert front_matter(sample("s", first, second))["source_package"] == ["one==1.0", "two==1.0"]
    assert front_matter(sample("s", first, second))["source_sha256"] == [first.sha256, second.sha256]
