from pathlib import Path

import msgspec
import pytest

from commonground.compute.planner import machine, profiles
from commonground.errors import ForeignProfile, InvalidProfile
from tests.compute.planner.machines import profile


def test_a_profile_is_read_back_on_the_machine_it_is_of(tmp_path: Path) -> None:
    mine = profile(machine=machine.fingerprint())
    profiles.save(mine, tmp_path / "new" / "machine.json")
    assert profiles.load(tmp_path / "new" / "machine.json") == mine
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["machine.json"]


def test_a_profile_of_another_machine_is_refused(tmp_path: Path) -> None:
    profiles.save(profile(), tmp_path / "other.json")
    with pytest.raises(ForeignProfile, match="0123456789abcdef"):
        profiles.load(tmp_path / "other.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"format": "other"}', b"{}" + b" " * 2**20],
    ids=["empty", "cut", "list", "binary", "format", "large"],
)
def test_what_is_no_profile_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(InvalidProfile):
        profiles.load(tmp_path / "m.json")


@pytest.mark.parametrize(
    "change", [{"apply": 0}, {"cores": -1}, {"copy": "fast"}, {"machine": None}, {"codecs": {"fp32": 1}}]
)
def test_numbers_that_cannot_be_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    content = msgspec.to_builtins(profile(machine=machine.fingerprint())) | change
    (tmp_path / "m.json").write_bytes(msgspec.json.encode(content))
    with pytest.raises(InvalidProfile):
        profiles.load(tmp_path / "m.json")


def test_without_a_profile_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile) as caught:
        profiles.load(tmp_path / "none.json")
    assert "train calibrate" in caught.value.remedy
