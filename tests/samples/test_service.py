from __future__ import annotations

import gc
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from commonground.samples.catalog import Catalog
from commonground.samples.model import Member, PreparedSample, Progress, Skipped
from commonground.samples.service import default_cache, prepare
from tests.samples.wheels import offline, pin, sample, write_wheel


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def catalog(wheels: Path) -> Catalog:
    first = pin(write_wheel(wheels, "one", {"one/b.bin": b"bb", "one/README.md": b"theirs"}))
    second = pin(write_wheel(wheels, "two", {"two/a.bin": b"a"}))
    wrong = pin(write_wheel(wheels, "three", {"three/a.bin": b"a"}), sha256="0" * 64)
    evil = pin(write_wheel(wheels, "evil", {"evil/../../x": b"a"}))
    lacking = pin(write_wheel(wheels, "lacking", {"lacking/a": b"a"}), Member("lacking/b", target="b"))
    entries = [
        sample("good", first, second),
        sample("wrong", wrong),
        sample("evil", evil),
        sample("lacking", lacking),
        sample("last", second, kind="dataset", visibility="private"),
    ]
    return {entry.name: entry for entry in entries}


def contents(prepared: PreparedSample) -> Mapping[str, bytes]:
    return {
        file.path: file.source if isinstance(file.source, bytes) else file.source.read_bytes()
        for file in prepared.files
    }


def run(catalog: Catalog, cache: Path, wheels: Path, *words: str) -> dict[str, PreparedSample | Skipped]:
    outcomes = prepare(words or ["default"], cache, catalog=catalog, arguments=offline(wheels))
    return {outcome.name: outcome for outcome in outcomes}


def test_a_batch_goes_on_past_what_cannot_be_had(catalog: Catalog, cache: Path, wheels: Path) -> None:
    outcomes = run(catalog, cache, wheels, "default", "unknown")
    assert [*outcomes] == ["good", "wrong", "evil", "lacking", "last", "unknown"]
    skipped = {name: str(outcome) for name, outcome in outcomes.items() if isinstance(outcome, Skipped)}
    assert [*skipped] == ["wrong", "evil", "lacking", "unknown"]
    assert skipped["wrong"].startswith("skipped wrong: three: three-1.0-py3-none-any.whl has the wrong SHA-256")
    assert "unsafe path" in skipped["evil"]
    assert "holds no lacking/b" in skipped["lacking"]


def test_a_sample_is_its_packages_files_and_our_card(catalog: Catalog, cache: Path, wheels: Path) -> None:
    good = run(catalog, cache, wheels, "good")["good"]
    assert isinstance(good, PreparedSample)
    files = contents(good)
    assert [*files] == ["README.md", "a.bin", "b.bin"]
    assert (files["a.bin"], files["b.bin"]) == (b"a", b"bb")
    assert b"at http://127.0.0.1:8000." in files["README.md"]
    assert [file.size for file in good.files] == [len(content) for content in files.values()]
    assert (good.repository, good.kind, good.visibility) == ("commonground/good", "model", "public")


def test_kind_and_visibility_are_handed_on(catalog: Catalog, cache: Path, wheels: Path) -> None:
    last = run(catalog, cache, wheels, "last")["last"]
    assert isinstance(last, PreparedSample)
    assert (last.kind, last.visibility) == ("dataset", "private")


def test_files_live_as_long_as_their_sample(catalog: Catalog, cache: Path, wheels: Path) -> None:
    outcomes = run(catalog, cache, wheels)
    good = outcomes["good"]
    assert isinstance(good, PreparedSample)
    source = good.files[1].source
    assert isinstance(source, Path)
    assert source.is_file()
    del outcomes, good
    gc.collect()
    assert not source.exists()
    assert sorted(path.suffix for path in cache.iterdir()) == [".whl"] * 4


def test_progress_tells_stage_and_bytes(catalog: Catalog, cache: Path, wheels: Path) -> None:
    told: list[Progress] = []
    outcomes = [*prepare(["last"], cache, told.append, catalog=catalog, arguments=offline(wheels))]
    assert isinstance(outcomes[0], PreparedSample)
    assert [*dict.fromkeys(one.stage for one in told if one.done == one.total)] == ["download", "unpack"]
    assert {(one.sample, one.package) for one in told} == {("last", "two")}


def test_a_disk_that_refuses_is_said(
    catalog: Catalog, cache: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> list[str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("commonground.samples.service.extract", refuse)
    assert (
        str(run(catalog, cache, wheels, "last")["last"]) == "skipped last: cannot be unpacked: No space left on device"
    )
    assert [path.suffix for path in cache.iterdir()] == [".whl"]


def test_the_cache_follows_the_users_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "commonground" / "packages"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache" / "commonground" / "packages"


def test_the_smallest_real_sample_is_what_its_card_says(tmp_path: Path) -> None:
    """Downloads 3.9 MB; skipped where the registry cannot be reached or has lost the package."""
    (outcome,) = prepare(["hkcancor"], tmp_path)
    if isinstance(outcome, Skipped):
        pytest.skip(f"REAL DOWNLOAD NOT TESTED: {outcome.reason}")
    lines = contents(outcome)["utterances.jsonl"].splitlines()
    assert len(lines) == 16_162
    shutil.rmtree(tmp_path)
