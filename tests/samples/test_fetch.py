from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec
import pytest

from commonground.samples import fetch
from commonground.samples.fetch import PackageClient, explain
from commonground.samples.model import Fetched, Package, Skipped
from tests.samples.wheels import offline, pin, write_wheel

LATER = 2 * fetch.STALE


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


@pytest.fixture
def package(wheels: Path) -> Package:
    return pin(write_wheel(wheels, "one", {"one/a": os.urandom(1000)}))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "cache"


@pytest.fixture
def client(cache: Path, wheels: Path) -> PackageClient:
    return PackageClient(cache, offline(wheels))


def script(cache: Path, code: str, timeout: float = 60.0) -> PackageClient:
    """A client whose package manager is a few lines of Python."""
    return PackageClient(cache, command=(sys.executable, "-c", code), timeout=timeout)


def reason(outcome: Fetched | Skipped) -> str:
    assert isinstance(outcome, Skipped)
    assert "\n" not in outcome.reason
    return outcome.reason


def test_a_package_is_downloaded_once(client: PackageClient, package: Package, cache: Path) -> None:
    first, second = client.fetch(package), client.fetch(package)
    assert first == Fetched(package, cache / package.filename, downloaded=True)
    assert second == Fetched(package, cache / package.filename, downloaded=False)
    assert [path.name for path in cache.iterdir()] == [package.filename]


def test_a_package_in_the_cache_needs_no_registry(client: PackageClient, package: Package, cache: Path) -> None:
    client.fetch(package)
    assert isinstance(script(cache, "raise SystemExit(1)").fetch(package), Fetched)


def test_a_damaged_file_in_the_cache_is_replaced(client: PackageClient, package: Package, cache: Path) -> None:
    client.fetch(package)
    (cache / package.filename).write_bytes(b"x" * package.size)
    outcome = client.fetch(package)
    assert isinstance(outcome, Fetched)
    assert outcome.downloaded


def test_a_wheel_of_another_platform_can_be_had(client: PackageClient, wheels: Path) -> None:
    path = write_wheel(wheels, "other", {"other/a": b"a"}, tag="cp311-cp311-win_amd64")
    package = pin(path, platform="win_amd64", python="3.11")
    assert isinstance(client.fetch(package), Fetched)
    assert isinstance(client.fetch(msgspec.structs.replace(package, filename="x.whl", platform="no_such")), Skipped)


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"sha256": "0" * 64}, "wrong SHA-256"),
        ({"size": 5}, "bytes instead of 5"),
        ({"filename": "one-1.0-py2-none-any.whl"}, "another file"),
        ({"version": "9.9"}, "the registry has no one==9.9"),
        ({"name": "vanished"}, "the registry has no vanished==1.0"),
    ],
)
def test_what_is_not_as_pinned_is_skipped_and_not_kept(
    client: PackageClient, package: Package, cache: Path, changes: dict[str, object], clause: str
) -> None:
    assert clause in reason(client.fetch(msgspec.structs.replace(package, **changes)))
    assert [*cache.iterdir()] == []


def test_without_network_nothing_more_is_tried(cache: Path, package: Package, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    code = f"open({str(calls)!r}, 'a').write('x'); print('Max retries exceeded'); raise SystemExit(1)"
    client = script(cache, code)
    assert reason(client.fetch(package)) == reason(client.fetch(package)) == "the package registry cannot be reached"
    assert calls.read_text() == "x"


def test_a_closed_port_is_no_network(cache: Path, package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    arguments = ["--index-url", "http://127.0.0.1:9/simple", "--retries", "1"]
    assert reason(PackageClient(cache, arguments).fetch(package)) == "the package registry cannot be reached"


def test_a_download_that_takes_too_long_is_ended_and_cleaned(cache: Path, package: Package) -> None:
    code = "import os, time; open(os.environ['TMPDIR'] + '/half', 'wb').write(b'x'); time.sleep(60)"
    started = time.monotonic()
    assert "did not finish" in reason(script(cache, code, timeout=1.0).fetch(package))
    assert time.monotonic() - started < 30
    assert [*cache.iterdir()] == []


def test_progress_is_told_and_never_more_than_the_size(cache: Path, package: Package) -> None:
    code = "import os, time; open(os.environ['TMPDIR'] + '/big', 'wb').write(b'x' * 10**6); time.sleep(1.5)"
    told: list[int] = []
    script(cache, code).fetch(package, told.append)
    assert told[-1] == package.size


def test_remains_of_a_killed_process_are_removed_after_a_day(
    client: PackageClient, package: Package, cache: Path
) -> None:
    old, new = (cache / f"{fetch.WORK_PREFIX}{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - LATER, time.time() - LATER))
    client.fetch(package)
    assert not old.exists()
    assert new.exists()


def test_a_missing_package_client_is_said(cache: Path, package: Package) -> None:
    assert "cannot be started" in reason(PackageClient(cache, command=("/no/such/python",)).fetch(package))
    assert "ensurepip" in reason(script(cache, "raise SystemExit('No module named pip')").fetch(package))


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path, package: Package) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    assert "cannot be used" in reason(PackageClient(blocked / "cache").fetch(package))


@pytest.mark.parametrize(
    ("log", "clause"),
    [
        ("ERROR: first\nERROR: No space left\n", "the package client failed: No space left"),
        ("something odd\n", "the package client failed: something odd"),
        ("", "the package client failed: it said nothing"),
        ("WARNING: Retrying (Retry(total=0, connect=None))\nERROR: No matching distribution", "cannot be reached"),
        (
            "WARNING: Retrying (Retry(total=2, connect=None))\nERROR: No matching distribution",
            "the registry has no one",
        ),
    ],
)
def test_the_clients_words_become_one_line(package: Package, log: str, clause: str) -> None:
    assert clause in explain(log, package)
