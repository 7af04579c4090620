"""The doctor finds what would keep a server from running."""

from pathlib import Path

import pytest

from commonground.cli import doctor
from commonground.database.migrations import HEAD, migrate
from commonground.settings import Settings
from tests.cli.command import Command


def found(settings: Settings) -> dict[str, doctor.Finding]:
    return {finding.check: finding for finding in doctor.examine(settings)}


def test_a_fresh_machine_is_well(local: Command, tmp_path: Path) -> None:
    result = local("doctor", "--data", tmp_path / "new")
    assert result.code == 0
    assert "ok       python: 3." in result.out
    assert "will be made at the first start" in result.out
    assert not (tmp_path / "new").exists()


def test_findings_are_one_document(local: Command, tmp_path: Path) -> None:
    states = {finding["check"]: finding["state"] for finding in local("doctor", "--data", tmp_path, "--json").json}
    assert {states[check] for check in ("python", "data directory", "disk", "database", "store")} == {"ok"}


def test_a_database_is_known_by_its_schema(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    migrate(settings.database_address)
    assert found(settings)["database"].text == f"SQLite, schema {HEAD}"


def test_a_damaged_database_fails(local: Command, tmp_path: Path) -> None:
    (tmp_path / "commonground.sqlite3").write_bytes(b"nonsense" * 1000)
    result = local("doctor", "--data", tmp_path)
    assert result.code == 1
    assert "failed   database: The database does not answer" in result.out


def test_a_store_nobody_knows_fails(tmp_path: Path) -> None:
    assert found(Settings(data=tmp_path, storage_url="ftp://x"))["store"].state == "failed"


def test_a_directory_that_cannot_be_written_to_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # permissions do not stop root
    assert found(Settings(data=tmp_path))["data directory"].state == "failed"


def test_a_file_in_the_place_of_the_directory_fails(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    assert found(Settings(data=tmp_path / "data"))["data directory"].state == "failed"


def test_what_is_missing_says_what_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"no_such_package": "magic"})
    monkeypatch.setattr(doctor, "PROGRAMS", {"no-such-program": "more magic"})
    result = found(Settings(data=tmp_path))
    assert result["no_such_package"] == doctor.Finding(
        "no_such_package", "missing", "for magic: pip install no_such_package"
    )
    assert result["no-such-program"].state == "missing"


def test_what_an_engine_lacks_is_missing(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, run_engines=("local", "kubernetes"))
    assert found(settings)["engine local"].state == "ok"
    finding = found(settings)["engine kubernetes"]
    assert finding.state == "missing"
    assert "CG_KUBERNETES_CLAIM" in finding.text
